//! What a slot counts.

/// Counters of a slot, under webrtc-stats' names for outbound-rtp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SlotStats {
    pub packets_sent: u64,
    /// Payload bytes, without headers and padding.
    pub bytes_sent: u64,
    pub retransmitted_packets_sent: u64,
    pub nack_count: u64,
    pub pli_count: u64,
    /// Repeats asked for that the ring no longer holds, or that may not be sent.
    pub repeats_refused: u64,
    /// Times the reader fell so far behind that it was moved on.
    pub skips: u64,
    /// Packets in a format that this slot did not agree to.
    pub codec_mismatches: u64,
    /// Packets that came too late to be sent under their number.
    pub late_packets: u64,
    /// Packets of frames that were left out to send less.
    pub packets_left_out: u64,
    /// Changes of the encoding that feeds the slot.
    pub switches: u64,
}

impl SlotStats {
    /// Adds another slot's counters, for totals.
    pub fn add(&mut self, other: &Self) {
        self.packets_sent += other.packets_sent;
        self.bytes_sent += other.bytes_sent;
        self.retransmitted_packets_sent += other.retransmitted_packets_sent;
        self.nack_count += other.nack_count;
        self.pli_count += other.pli_count;
        self.repeats_refused += other.repeats_refused;
        self.skips += other.skips;
        self.codec_mismatches += other.codec_mismatches;
        self.late_packets += other.late_packets;
        self.packets_left_out += other.packets_left_out;
        self.switches += other.switches;
    }
}
