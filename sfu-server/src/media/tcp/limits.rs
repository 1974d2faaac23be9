//! Every limit of media over TCP, with the reason for its size; what it sheds is counted in `Counts`.

use std::time::Duration;

use sfu_core::limits::STREAM_SEND_BYTES_MAX;

/// Connections of one shard. A few of a hundred clients need TCP; each costs a descriptor and, at worst, some 50 kB.
pub const CONNECTIONS_MAX: usize = 1_024;
/// Connections of one address (IPv6: of one /64): an office whose firewall lets no UDP out, with as many people as
/// `sockets_per_address` lets in, and those who come back before their last connection is noticed to be dead.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;
/// Connections of one address that have not proved anything yet; the next one takes the place of the oldest. Who is honest has
/// proved itself a round trip later.
pub const STRANGERS_PER_ADDRESS_MAX: usize = 32;
/// The same of all addresses.
pub const STRANGERS_MAX: usize = 256;
/// How long a connection may prove nothing. A client checks at once, and again some ten times within this time.
pub const STRANGER_MAX: Duration = Duration::from_secs(5);
/// How long a connection may bring nothing at all. Browsers check the pairs that they keep in reserve every 25 s.
pub const SILENT_MAX: Duration = Duration::from_secs(60);
/// How often the above is looked after.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Bytes that wait in one connection for its socket: one send of media, after which the core sends none until they are gone, and
/// seconds of what little else there is to say.
pub const UNSENT_BYTES_MAX: usize = 2 * STREAM_SEND_BYTES_MAX;
/// Bytes that the kernel may hold of a connection without having sent them: about a frame. What is older than that is better
/// left out than sent late, and only here can it still be left out.
pub const KERNEL_UNSENT_BYTES_MAX: u32 = 16 * 1024;

/// Bytes read at a time.
pub const READ_BYTES: usize = 16 * 1024;
/// Reads before the loop looks at anything else, of all connections in turn.
pub const READS_PER_TURN: usize = 16;
/// Connections accepted before the loop looks at anything else.
pub const ACCEPTS_PER_TURN: usize = 16;
/// Connections that wait to be accepted.
pub const BACKLOG: i32 = 128;
