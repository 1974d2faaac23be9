//! Properties of the parsers: no input panics, what a writer wrote is read back, rewriting touches the ids alone.

mod dependency_descriptor;
mod formats;
mod rewriting;
mod sizes;
mod temporal_templates;
