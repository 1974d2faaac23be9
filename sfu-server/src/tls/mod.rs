//! HTTPS: the certificate that pages come under, without which browsers give no page a camera unless it comes from their own machine.
//! Control path, once for each connection.
//!
//! [`files`] reads a chain and its key, [`lan`] makes one for a network without names, [`store`] keeps the one in force.

mod files;
mod lan;
mod store;

pub use files::{Files, TlsError};
pub use lan::{invitation, self_signed};
pub use store::{Certificates, Reload, acceptor};
