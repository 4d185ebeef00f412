//! The timer wheel: 20 slots of 1 ms. Each session has one slot and is due once a turn, so that a thousand sessions are served
//! fifty a millisecond and not all at once. Sans-I/O: moments are counted in milliseconds (ticks) since the wheel began.

use std::ops::RangeInclusive;

/// Slots in a turn: a frame of 20 ms.
pub const SLOTS: u64 = 20;

/// What waits in a slot.
struct Entry<T> {
    item: T,
    /// The turn in which it is due next.
    turn: u64,
}

pub struct Wheel<T> {
    slots: [Vec<Entry<T>>; SLOTS as usize],
    /// Where the last item was put: the next goes on from there, so that few sessions do not crowd together.
    cursor: usize,
}

impl<T> Wheel<T> {
    pub fn new() -> Self {
        Self { slots: std::array::from_fn(|_| Vec::new()), cursor: 0 }
    }

    /// Puts an item into the slot with the fewest. It is due in that slot's next moment after `tick`.
    pub fn insert(&mut self, item: T, tick: u64) {
        let fewest = self.slots.iter().map(Vec::len).min().unwrap_or(0);
        loop {
            // 7 has no divisor in common with 20: all slots come round, neighbours in time last.
            self.cursor = (self.cursor + 7) % SLOTS as usize;
            if self.slots[self.cursor].len() == fewest {
                break;
            }
        }
        let slot = self.cursor as u64;
        let turn = if tick % SLOTS < slot { tick / SLOTS } else { tick / SLOTS + 1 };
        self.slots[self.cursor].push(Entry { item, turn });
    }

    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(Vec::is_empty)
    }

    /// Takes everything out.
    pub fn drain(&mut self) -> impl Iterator<Item = T> {
        self.slots.iter_mut().flat_map(|slot| slot.drain(..)).map(|entry| entry.item)
    }

    /// The first tick after `tick` in which something is due.
    pub fn next(&self, tick: u64) -> Option<u64> {
        (tick + 1..=tick + SLOTS).find(|tick| !self.slots[(tick % SLOTS) as usize].is_empty())
    }

    /// The ticks to serve at `now` when those up to `served` are done. After a stall of more than a turn this is one turn: every
    /// slot once, in its latest moment.
    pub fn due(served: u64, now: u64) -> RangeInclusive<u64> {
        (served + 1).max((now + 1).saturating_sub(SLOTS))..=now
    }

    /// Serves one tick: `serve` is told of every item in its slot, and how many turns that item missed. What it answers `false` to
    /// leaves the wheel. `ahead` is told of each item while the one before it is still to be served.
    pub fn serve(&mut self, tick: u64, ahead: impl Fn(&T), mut serve: impl FnMut(&T, u32) -> bool) {
        let turn = tick / SLOTS;
        let slot = &mut self.slots[(tick % SLOTS) as usize];
        let mut index = 0;
        while index < slot.len() {
            if let Some(next) = slot.get(index + 1) {
                ahead(&next.item);
            }
            let entry = &mut slot[index];
            let missed = u32::try_from(turn.saturating_sub(entry.turn)).unwrap_or(u32::MAX);
            entry.turn = turn + 1;
            if serve(&entry.item, missed) {
                index += 1;
            } else {
                slot.remove(index);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves as the thread does at the times given; tells (time, item, missed).
    fn run(wheel: &mut Wheel<char>, served: &mut u64, now: u64) -> Vec<(u64, char, u32)> {
        let mut log = Vec::new();
        for tick in Wheel::<char>::due(*served, now) {
            wheel.serve(
                tick,
                |_| {},
                |item, missed| {
                    log.push((tick, *item, missed));
                    true
                },
            );
        }
        *served = now;
        log
    }

    #[test]
    fn items_spread_evenly() {
        let mut wheel = Wheel::new();
        for item in 0..1_003 {
            wheel.insert(item, 0);
        }
        assert!(wheel.slots.iter().all(|slot| (50..=51).contains(&slot.len())));
    }

    #[test]
    fn an_item_is_due_every_twenty_ticks() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 100); // slot 7
        let mut served = 100;
        let mut log = Vec::new();
        while served < 200 {
            let next = wheel.next(served).expect("not empty");
            log.extend(run(&mut wheel, &mut served, next));
        }
        assert_eq!(log, [107, 127, 147, 167, 187, 207].map(|tick| (tick, 'a', 0)));
    }

    #[test]
    fn a_late_wake_serves_what_it_passed_in_order() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 0); // slot 7
        wheel.insert('b', 0); // slot 14
        let mut served = 0;
        assert_eq!(run(&mut wheel, &mut served, 19), [(7, 'a', 0), (14, 'b', 0)]);
        assert_eq!(run(&mut wheel, &mut served, 26), []);
    }

    #[test]
    fn a_stall_skips_and_never_bursts() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 0); // slot 7
        let mut served = 0;
        assert_eq!(run(&mut wheel, &mut served, 7), [(7, 'a', 0)]);
        // Turns 1–14 are missed; turn 15 began at 307.
        assert_eq!(run(&mut wheel, &mut served, 310), [(307, 'a', 14)]);
        assert_eq!(run(&mut wheel, &mut served, 327), [(327, 'a', 0)]);
    }

    #[test]
    fn what_is_finished_leaves() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 0);
        wheel.serve(7, |_| {}, |_, _| false);
        assert!(wheel.is_empty());
        assert_eq!(wheel.next(7), None);
    }

    #[test]
    fn an_item_put_into_the_running_slot_waits_a_turn() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 27); // slot 7, whose moment in turn 1 is 27
        assert_eq!(wheel.next(27), Some(47));
        let mut served = 27;
        assert_eq!(run(&mut wheel, &mut served, 47), [(47, 'a', 0)]);
    }
}
