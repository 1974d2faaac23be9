//! What HTTP clients may rely on, file by file.

mod cross_origin;
mod ending;
mod ice;
mod joining;
mod names;
mod operations;
mod pages;
mod placement;
mod refusals;
mod support;
