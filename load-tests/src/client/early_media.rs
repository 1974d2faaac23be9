//! Media that arrives before the keys that open it: kept at the socket until the connection has them.
//!
//! A server may send media right behind its last handshake message, and both may be read at once. The `webrtc` crate drops
//! what it cannot open yet, even when the keys are a moment away. Where loss delays a handshake for longer, early media is
//! dropped here as it is in browsers. Invariant: no datagram is reordered against others of its kind.

use std::collections::VecDeque;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime, Transmit,
};

/// Datagrams kept at most: a large keyframe and more, yet half of what the crate's queue to the application takes at once.
/// The oldest go first.
const KEPT_MAX: usize = 128;
/// Age up to which early media is delivered: a busy machine's reordering, well below a handshake's retransmission timer.
const KEPT_FOR: Duration = Duration::from_millis(100);

/// Set once a connection has its keys.
pub(super) type Keys = Arc<AtomicBool>;

type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Another runtime whose UDP sockets keep early media.
#[derive(Debug)]
pub(super) struct PatientRuntime {
    inner: Arc<dyn Runtime>,
    keys: Keys,
}

impl PatientRuntime {
    pub(super) fn new(inner: Arc<dyn Runtime>, keys: Keys) -> Self {
        Self { inner, keys }
    }
}

impl Runtime for PatientRuntime {
    fn spawn(&self, future: Later<'static, ()>) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        let inner = self.inner.wrap_udp_socket(socket)?;
        let (keys, open, queues) = (Arc::clone(&self.keys), AtomicBool::new(false), Mutex::default());
        Ok(Arc::new(PatientSocket { inner, keys, open, queues }))
    }

    fn wrap_tcp_listener(&self, listener: std::net::TcpListener) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(&'a self, address: SocketAddr) -> Later<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.inner.connect_tcp(address)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Later<'a, io::Result<Vec<SocketAddr>>> {
        self.inner.resolve_host(host)
    }

    fn sleep(&self, duration: Duration) -> Later<'static, ()> {
        self.inner.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }
}

#[derive(Debug)]
struct PatientSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    keys: Keys,
    /// Keys are there and the queues are empty, for good.
    open: AtomicBool,
    queues: Mutex<Queues>,
}

/// Datagrams read but not yet delivered.
#[derive(Debug, Default)]
struct Queues {
    pass: VecDeque<(Vec<u8>, RecvMeta)>,
    kept: VecDeque<(Instant, Vec<u8>, RecvMeta)>,
}

impl AsyncUdpSocket for PatientSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        self.inner.poll_send(cx, transmit)
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        if self.open.load(Ordering::Acquire) {
            return self.inner.poll_recv(cx, bufs, meta);
        }
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let keys = self.keys.load(Ordering::Acquire);
            if keys {
                queues.release();
            }
            let delivered = queues.deliver(bufs, meta);
            if delivered > 0 {
                return Poll::Ready(Ok(delivered));
            }
            if keys {
                self.open.store(true, Ordering::Release);
                return self.inner.poll_recv(cx, bufs, meta);
            }
            match self.inner.poll_recv(cx, bufs, meta) {
                Poll::Ready(Ok(read)) => queues.take(bufs, meta, read),
                other => return other,
            }
        }
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }
}

impl Queues {
    /// Sorts what was read: media waits, the rest passes.
    fn take(&mut self, bufs: &[IoSliceMut<'_>], metas: &[RecvMeta], read: usize) {
        for (buf, meta) in bufs.iter().zip(metas).take(read) {
            let bytes = buf.get(..meta.len).unwrap_or_default();
            for datagram in bytes.chunks(meta.stride.max(1)) {
                let mut meta = *meta;
                (meta.len, meta.stride) = (datagram.len(), datagram.len());
                if !is_media(datagram) {
                    self.pass.push_back((datagram.to_vec(), meta));
                    continue;
                }
                if self.kept.len() == KEPT_MAX {
                    self.kept.pop_front();
                }
                self.kept.push_back((Instant::now(), datagram.to_vec(), meta));
            }
        }
    }

    fn release(&mut self) {
        let fresh = self.kept.drain(..).filter(|(since, ..)| since.elapsed() <= KEPT_FOR);
        self.pass.extend(fresh.map(|(_, datagram, meta)| (datagram, meta)));
    }

    fn deliver(&mut self, bufs: &mut [IoSliceMut<'_>], metas: &mut [RecvMeta]) -> usize {
        let mut delivered = 0;
        for (buf, meta) in bufs.iter_mut().zip(metas) {
            let Some((datagram, of)) = self.pass.pop_front() else { break };
            if let Some(room) = buf.get_mut(..datagram.len()) {
                room.copy_from_slice(&datagram);
                *meta = of;
                delivered += 1;
            }
        }
        delivered
    }
}

/// RFC 7983: first byte 128 to 191 is SRTP or SRTCP.
fn is_media(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..=191).contains(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(socket: &dyn AsyncUdpSocket) -> Option<Vec<u8>> {
        let mut buffer = [0; 64];
        let read = tokio::time::timeout(Duration::from_millis(50), socket.recv_from(&mut buffer)).await.ok()?;
        let (length, _) = read.unwrap();
        Some(buffer[..length].to_vec())
    }

    #[tokio::test]
    async fn media_waits_for_the_keys_and_the_rest_does_not() {
        let keys = Keys::default();
        let runtime = PatientRuntime::new(webrtc::runtime::default_runtime().unwrap(), Arc::clone(&keys));
        let socket = runtime.wrap_udp_socket(std::net::UdpSocket::bind("127.0.0.1:0").unwrap()).unwrap();
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let send = |datagram: &[u8]| sender.send_to(datagram, socket.local_addr().unwrap()).unwrap();
        for datagram in [&[128, 1][..], &[22, 1], &[191, 2], &[0, 1]] {
            send(datagram);
        }
        assert_eq!(read(&*socket).await, Some(vec![22, 1]));
        assert_eq!(read(&*socket).await, Some(vec![0, 1]));
        assert_eq!(read(&*socket).await, None, "the keys are not there");
        std::thread::sleep(KEPT_FOR);
        send(&[191, 3]);
        send(&[128, 4]);
        assert_eq!(read(&*socket).await, None, "the keys are still not there");
        keys.store(true, Ordering::Release);
        send(&[128, 5]);
        for expected in [[191, 3], [128, 4], [128, 5]] {
            assert_eq!(read(&*socket).await, Some(expected.to_vec()));
        }
    }
}
