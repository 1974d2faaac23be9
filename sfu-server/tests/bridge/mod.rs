//! Stands between clients that speak UDP and a server's TCP port: each client's datagrams become frames of a connection of its
//! own (RFC 4571), and back.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use sfu_core::transport::{Deframer, Protocol, append};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Bytes that a client's kernel takes before the server is stopped.
const RECEIVE_BUFFER_BYTES: u32 = 16 * 1024;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Order {
    paused: bool,
    /// Connections of an earlier number are broken.
    generation: u32,
}

pub struct Bridge {
    port: u16,
    order: watch::Sender<Order>,
    task: JoinHandle<()>,
}

impl Bridge {
    pub fn to(server: SocketAddr) -> Self {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let port = socket.local_addr().unwrap().port();
        let (order, orders) = watch::channel(Order::default());
        let task = tokio::spawn(run(UdpSocket::from_std(socket).unwrap(), server, orders));
        Self { port, order, task }
    }

    /// Where clients send to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Reads nothing more of what the server sends.
    pub fn pause(&self) {
        self.order.send_modify(|order| order.paused = true);
    }

    pub fn resume(&self) {
        self.order.send_modify(|order| order.paused = false);
    }

    /// Ends every connection; the next datagram of a client opens another.
    pub fn break_connections(&self) {
        self.order.send_modify(|order| order.generation += 1);
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(socket: UdpSocket, server: SocketAddr, orders: watch::Receiver<Order>) {
    let socket = Arc::new(socket);
    let mut clients: HashMap<SocketAddr, mpsc::UnboundedSender<Vec<u8>>> = HashMap::new();
    let mut buffer = vec![0; 65_536];
    loop {
        // An earlier send to a client that is gone is reported here.
        let Ok((bytes, client)) = socket.recv_from(&mut buffer).await else { continue };
        let mut frame = vec![];
        append(Protocol::Tcp, &buffer[..bytes], &mut frame);
        let known = clients.get(&client).filter(|sender| !sender.is_closed());
        let sender = known.cloned().unwrap_or_else(|| {
            let (sender, frames) = mpsc::unbounded_channel();
            tokio::spawn(connect(Arc::clone(&socket), server, client, frames, orders.clone()));
            clients.insert(client, sender.clone());
            sender
        });
        let _ = sender.send(frame);
    }
}

async fn connect(
    socket: Arc<UdpSocket>,
    server: SocketAddr,
    client: SocketAddr,
    mut frames: mpsc::UnboundedReceiver<Vec<u8>>,
    mut orders: watch::Receiver<Order>,
) {
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    let Ok(stream) = tcp.connect(server).await else { return };
    let (mut from_server, mut to_server) = stream.into_split();
    let begun = orders.borrow().generation;
    let mut deframer = Deframer::default();
    let mut buffer = vec![0; 16_384];
    loop {
        let order = *orders.borrow_and_update();
        if order.generation != begun {
            return;
        }
        tokio::select! {
            _ = orders.changed() => {}
            frame = frames.recv() => {
                let Some(frame) = frame else { return };
                if to_server.write_all(&frame).await.is_err() {
                    return;
                }
            }
            read = from_server.read(&mut buffer), if !order.paused => {
                let Ok(bytes @ 1..) = read else { return };
                let mut datagrams = vec![];
                deframer.push(&mut buffer[..bytes], |datagram| datagrams.push(datagram.to_vec())).unwrap();
                for datagram in datagrams {
                    let _ = socket.send_to(&datagram, client).await;
                }
            }
        }
    }
}
