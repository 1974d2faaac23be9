//! A lean client on strings: the attack turns it, sees every datagram it sends, and may speak from its address.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{AttackError, AttackReport, Target};
use crate::client::{PublishedTrack, Resource};
use crate::lean::client::Client;
use crate::lean::config::{ClientConfig, Phase};
use crate::lean::counts::Counts;
use crate::lean::description::{Answer, Direction, LocalParameters, offer};
use crate::lean::dtls::Identity;
use crate::lean::ice::{Credentials, IceRole};
use crate::lean::look::Look;
use crate::lean::sender::SenderPlan;
use crate::lean::slot::SlotReport;
use crate::media::mark::PublisherTag;
use crate::media::{Clip, ClipSize, Codec};
use crate::verify::{ClipOf, Expected, Outcome};

/// Between two turns; a frame is 33 ms.
const TURN: Duration = Duration::from_millis(2);
/// Bytes of the largest datagram that comes.
const DATAGRAM_BYTES: usize = 2_048;
/// Every puppet's: that peers' fragments are alike must not matter to the server.
const UFRAG: &str = "puppets";
const PWD: &str = "a-password-that-all-puppets-have";

/// A session of the attack's own.
pub(crate) struct Puppet {
    pub(crate) socket: UdpSocket,
    pub(crate) server: SocketAddr,
    client: Client,
    resource: Resource,
    /// Protected media and feedback that it sent, while that is kept.
    kept: Option<Vec<Bytes>>,
    /// DTLS that it would send is dropped meanwhile.
    pub(crate) holds_dtls: bool,
    /// Frames that came whole, by publisher.
    seen: BTreeMap<PublisherTag, u64>,
}

/// What all puppets of an attack share.
pub(crate) struct Strings {
    pub(crate) target: Target,
    pub(crate) identity: Arc<Identity>,
    clip: Arc<Clip>,
}

impl Strings {
    pub(crate) fn new(target: &Target, size: ClipSize) -> Result<Self, AttackError> {
        let identity = Identity::generate().map_err(|error| AttackError::Dtls(error.to_string()))?;
        let clip = Clip::embedded(Codec::Vp8, size).map_err(crate::client::ClientError::from)?;
        Ok(Self { target: target.clone(), identity: Arc::new(identity), clip: Arc::new(clip) })
    }

    pub(crate) fn room(&self, attack: &str, number: u16) -> String {
        format!("{attack}-{:x}-{number}", self.target.seed)
    }

    /// A camera to publish under a seed's SSRCs: equal seeds have equal ones.
    pub(crate) fn camera(&self, tag: PublisherTag, seed: u64) -> SenderPlan {
        SenderPlan::new(Arc::new(PublishedTrack::new(tag, Arc::clone(&self.clip))), seed)
    }

    pub(crate) async fn publish(&self, room: &str, identity: &str, plan: SenderPlan) -> Result<Puppet, AttackError> {
        let (socket, offer) = self.offer(Direction::Send(plan.ids))?;
        let resource = self.target.server.publish(room, identity, offer).await?;
        self.puppet(socket, resource, Vec::new(), vec![plan])
    }

    /// Watches one publisher's camera, and finds fault with whatever else comes.
    pub(crate) async fn watch(&self, room: &str, identity: &str, tag: PublisherTag) -> Result<Puppet, AttackError> {
        let (socket, offer) = self.offer(Direction::Receive)?;
        let resource = self.target.server.watch(room, &[identity.to_owned()], offer).await?;
        let clip = Arc::clone(&self.clip);
        let clip_of: Arc<ClipOf> = Arc::new(move |_| Some(Arc::clone(&clip)));
        let look = Look::Judge { expected: Expected::Publisher(tag), clip_of };
        self.puppet(socket, resource, vec![(Codec::Vp8, look)], Vec::new())
    }

    /// Watches whom the server chooses in a room of this number, and looks at few packets.
    pub(crate) async fn follow(&self, room: &str, number: u16) -> Result<Puppet, AttackError> {
        let (socket, offer) = self.offer(Direction::Receive)?;
        let resource = self.target.server.watch(room, &[], offer).await?;
        self.puppet(
            socket,
            resource,
            vec![(Codec::Vp8, Look::Sample { every: 16, expected: Expected::Anyone { room: number } })],
            Vec::new(),
        )
    }

    /// A socket and one section's offer from it.
    pub(crate) fn offer(&self, direction: Direction) -> Result<(UdpSocket, String), AttackError> {
        let socket = UdpSocket::bind(&self.target.bind)?;
        let fingerprint = &self.identity.fingerprint;
        let candidate = socket.local_addr()?;
        let parameters = LocalParameters { ufrag: UFRAG, pwd: PWD, fingerprint, candidate };
        Ok((socket, offer(&parameters, &[(Codec::Vp8, direction)])))
    }

    /// What all puppets say they are.
    pub(crate) fn credentials() -> Credentials {
        Credentials { ufrag: UFRAG.to_owned(), pwd: PWD.to_owned() }
    }

    fn puppet(
        &self,
        socket: UdpSocket,
        resource: Resource,
        slots: Vec<(Codec, Look)>,
        senders: Vec<SenderPlan>,
    ) -> Result<Puppet, AttackError> {
        let answer = Answer::parse(&resource.answer)?;
        let server = answer.candidate;
        socket.connect(server)?;
        socket.set_nonblocking(true)?;
        let ssrc = u32::from(socket.local_addr()?.port()) + 1;
        let identity = Arc::clone(&self.identity);
        let role = IceRole::Controlling;
        let config = ClientConfig { identity, role, local: Self::credentials(), answer, slots, senders, ssrc };
        let client = Client::new(Instant::now(), config);
        Ok(Puppet { socket, server, client, resource, kept: None, holds_dtls: false, seen: BTreeMap::new() })
    }
}

impl Puppet {
    /// Begins to keep what it sends under its keys.
    pub(crate) fn keep(&mut self) {
        self.kept = Some(Vec::new());
    }

    /// What was kept.
    pub(crate) fn kept(&self) -> &[Bytes] {
        self.kept.as_deref().unwrap_or_default()
    }

    pub(crate) fn is_connected(&self) -> bool {
        *self.client.phase() == Phase::Connected
    }

    pub(crate) fn phase(&self) -> &Phase {
        self.client.phase()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.client.counts()
    }

    /// What its one slot found.
    pub(crate) fn slot(&self) -> Option<SlotReport> {
        self.client.reports().into_iter().next()
    }

    /// Whole frames by who published them.
    pub(crate) fn seen(&self) -> &BTreeMap<PublisherTag, u64> {
        &self.seen
    }

    /// Takes in what came, and sends what is due.
    pub(crate) fn turn(&mut self) {
        let now = Instant::now();
        let mut buffer = [0; DATAGRAM_BYTES];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.client.handle_datagram(now, buffer.get(..length).unwrap_or_default());
        }
        self.client.handle_timeout(now);
        for outcome in self.client.outcomes() {
            if let Outcome::Frame { publisher, .. } = outcome {
                *self.seen.entry(publisher).or_insert(0) += 1;
            }
        }
        while let Some(datagram) = self.client.poll_transmit() {
            match datagram.first() {
                Some(20..=63) if self.holds_dtls => continue,
                Some(128..=191) => {
                    if let Some(kept) = &mut self.kept {
                        kept.push(datagram.clone());
                    }
                }
                _ => {}
            }
            // What the kernel refuses is lost, as on any way.
            let _ = self.socket.send(&datagram);
        }
    }

    /// Says goodbye, if there is still somebody to say it to.
    pub(crate) async fn end(self, target: &Target) {
        let _ = target.server.end(&self.resource.url).await;
    }
}

/// All say goodbye; who cannot was lost, which is for the report.
pub(crate) async fn leave(puppets: Vec<Puppet>, target: &Target, report: &mut AttackReport) {
    for puppet in puppets {
        if let Err(error) = target.server.end(&puppet.resource.url).await {
            report.fail(error.to_string());
        }
    }
}

/// Turns all for so long, or until `done`; whether it came to that.
pub(crate) async fn play(puppets: &mut [Puppet], time: Duration, done: impl Fn(&[Puppet]) -> bool) -> bool {
    let end = Instant::now() + time;
    loop {
        puppets.iter_mut().for_each(Puppet::turn);
        if done(puppets) {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        tokio::time::sleep(TURN).await;
    }
}
