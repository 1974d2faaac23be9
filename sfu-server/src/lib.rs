//! All I/O of the SFU: HTTP, configuration, the directory of rooms, metrics, the web pages and the sockets and threads of the
//! shards. What happens to a packet is decided in `sfu-core`; what happens to a request, here.

#![forbid(unsafe_code)]

pub mod api;
pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod control;
pub mod directory;
pub mod http;
pub mod listen;
pub mod logging;
pub mod media;
pub mod metrics;
pub mod names;
pub mod placement;
pub mod rates;
pub mod series;
pub mod server;
pub mod signal;
pub mod tls;
pub mod units;
