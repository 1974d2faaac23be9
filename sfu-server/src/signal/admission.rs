//! How many sockets there are, and how many participants one address has: sockets, and those whose socket is away.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use super::limits::SOCKETS_MAX;
use crate::metrics::{Metrics, Shed};

/// The count of open sockets and of absent participants.
#[derive(Debug)]
pub struct Admission {
    metrics: Arc<Metrics>,
    per_address_max: usize,
    all: AtomicUsize,
    by_address: DashMap<IpAddr, Count>,
}

/// What one address has.
#[derive(Debug, Default)]
struct Count {
    sockets: usize,
    absent: usize,
}

/// Why no further socket is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Full,
    FromThisAddress,
}

impl Admission {
    /// `per_address_max` sockets may come from one address, and as many participants.
    pub fn new(metrics: Arc<Metrics>, per_address_max: usize) -> Self {
        Self { metrics, per_address_max, all: AtomicUsize::new(0), by_address: DashMap::new() }
    }

    /// Counts a socket in for as long as the permit lives. Who is absent does not count: it may be what comes back.
    pub fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Refused> {
        let address = address.map(|address| address.to_canonical());
        if self.all.fetch_add(1, Ordering::Relaxed) >= SOCKETS_MAX {
            self.all.fetch_sub(1, Ordering::Relaxed);
            self.metrics.signal.shed(Shed::Socket);
            return Err(Refused::Full);
        }
        let permit = |counted| Permit { admission: Arc::clone(self), address: counted };
        if let Some(address) = address {
            let mut count = self.by_address.entry(address).or_default();
            if count.sockets >= self.per_address_max {
                drop(count);
                self.metrics.signal.shed(Shed::Socket);
                drop(permit(None));
                return Err(Refused::FromThisAddress);
            }
            count.sockets += 1;
        }
        self.metrics.signal.sockets.inc();
        Ok(permit(address))
    }

    /// Whether a socket of this address, counted in already, may bring a participant who was not here before.
    pub fn has_place(&self, address: Option<IpAddr>) -> bool {
        let count = address.and_then(|address| self.by_address.get(&address.to_canonical()));
        count.is_none_or(|count| count.sockets + count.absent <= self.per_address_max)
    }

    /// Counts an absent participant in for as long as the place is held.
    pub fn hold_place(self: &Arc<Self>, address: Option<IpAddr>) -> Place {
        let address = address.map(|address| address.to_canonical());
        if let Some(address) = address {
            self.by_address.entry(address).or_default().absent += 1;
        }
        Place { admission: Arc::clone(self), address }
    }

    /// Sockets that are open.
    pub fn sockets(&self) -> usize {
        self.all.load(Ordering::Relaxed)
    }

    fn count_out(&self, address: IpAddr, gone: impl FnOnce(&mut Count)) {
        if let Entry::Occupied(mut entry) = self.by_address.entry(address) {
            gone(entry.get_mut());
            if entry.get().sockets == 0 && entry.get().absent == 0 {
                entry.remove();
            }
        }
    }
}

/// One open socket.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.all.fetch_sub(1, Ordering::Relaxed);
        self.admission.metrics.signal.sockets.dec();
        if let Some(address) = self.address {
            self.admission.count_out(address, |count| count.sockets = count.sockets.saturating_sub(1));
        }
    }
}

/// One absent participant.
#[derive(Debug)]
pub struct Place {
    admission: Arc<Admission>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(address) = self.address {
            self.admission.count_out(address, |count| count.absent = count.absent.saturating_sub(1));
        }
    }
}
