//! How many sockets there are, in all and from one address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use super::limits::SOCKETS_MAX;
use crate::metrics::{Metrics, Shed};

/// The count of open sockets.
#[derive(Debug)]
pub struct Admission {
    metrics: Arc<Metrics>,
    per_address_max: usize,
    all: AtomicUsize,
    by_address: DashMap<IpAddr, usize>,
}

/// Why no further socket is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Full,
    FromThisAddress,
}

impl Admission {
    /// `per_address_max` sockets may come from one address.
    pub fn new(metrics: Arc<Metrics>, per_address_max: usize) -> Self {
        Self { metrics, per_address_max, all: AtomicUsize::new(0), by_address: DashMap::new() }
    }

    /// Counts a socket in for as long as the permit lives.
    pub fn admit(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Refused> {
        let address = address.map(|address| address.to_canonical());
        if self.all.fetch_add(1, Ordering::Relaxed) >= SOCKETS_MAX {
            self.all.fetch_sub(1, Ordering::Relaxed);
            self.metrics.signal.shed(Shed::Socket);
            return Err(Refused::Full);
        }
        let permit = |counted| Permit { admission: Arc::clone(self), address: counted };
        if let Some(address) = address {
            let mut count = self.by_address.entry(address).or_insert(0);
            if *count >= self.per_address_max {
                drop(count);
                self.metrics.signal.shed(Shed::Socket);
                drop(permit(None));
                return Err(Refused::FromThisAddress);
            }
            *count += 1;
        }
        self.metrics.signal.sockets.inc();
        Ok(permit(address))
    }

    /// Sockets that are open.
    pub fn sockets(&self) -> usize {
        self.all.load(Ordering::Relaxed)
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
        let Some(address) = self.address else { return };
        if let Entry::Occupied(mut entry) = self.admission.by_address.entry(address) {
            *entry.get_mut() = entry.get().saturating_sub(1);
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}
