//! Two sources with one SSRC (RFC 3550 §8.2): whose packets bore ours, and which SSRC to take instead.

use std::net::SocketAddr;

/// So many addresses that sent packets with our SSRC are remembered.
const REMEMBERED: usize = 4;

/// Addresses from which packets with our SSRC came.
#[derive(Debug)]
pub struct Conflicts {
    addresses: [Option<SocketAddr>; REMEMBERED],
    at: usize,
    random: u32,
    /// Packets that came with our SSRC from there again: our own, sent back.
    pub looped: u64,
}

impl Conflicts {
    /// None yet. `random`: 32 bits that SSRCs are drawn from.
    pub fn new(random: u32) -> Self {
        Self { addresses: [None; REMEMBERED], at: 0, random, looped: 0 }
    }

    /// A packet from `source` bears our SSRC. Some: the one that is ours from now on; None: the packet is one of ours that came back.
    pub fn meet(&mut self, source: SocketAddr, ours: u32) -> Option<u32> {
        if self.addresses.contains(&Some(source)) {
            self.looped += 1;
            return None;
        }
        self.addresses[self.at] = Some(source);
        self.at = (self.at + 1) % REMEMBERED;
        loop {
            self.random = if self.random == 0 { 1 } else { self.random };
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            if self.random != ours {
                return Some(self.random);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_makes_us_change_once_until_it_is_forgotten() {
        let source = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut conflicts = Conflicts::new(0);
        let first = conflicts.meet(source(1), 7).expect("another");
        assert!(first != 7 && first != 0);
        assert_eq!((conflicts.meet(source(1), first), conflicts.looped), (None, 1));
        for port in 2..=5 {
            assert!(conflicts.meet(source(port), first).is_some_and(|next| next != first));
        }
        assert!(conflicts.meet(source(1), first).is_some(), "four are remembered");
        assert_eq!(conflicts.looped, 1);
    }
}
