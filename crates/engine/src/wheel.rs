//! The timer wheel: 4 slots of 5 ms. Each session has one slot and is due once a turn, so that a thousand sessions are not served all at
//! once, but a quarter at a time. More slots would spread them more evenly, at the price of waking up more often: 10 to 40 µs of
//! processor time each. Sans-I/O: moments are counted in slots (ticks) since the wheel began.

use std::ops::RangeInclusive;

/// Slots in a turn: a frame of 20 ms.
pub const SLOTS: u64 = 4;

/// What waits in a slot.
pub struct Entry<T> {
    pub item: T,
    /// How many turns it missed before this one.
    pub missed: u32,
    /// Whether it leaves the wheel after this turn.
    leaves: bool,
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
            self.cursor = (self.cursor + 1) % SLOTS as usize;
            if self.slots[self.cursor].len() == fewest {
                break;
            }
        }
        let slot = self.cursor as u64;
        let turn = if tick % SLOTS < slot { tick / SLOTS } else { tick / SLOTS + 1 };
        self.slots[self.cursor].push(Entry { item, missed: 0, leaves: false, turn });
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

    /// Serves one tick: `serve` is given the items of its slot, at most `most` at a time, and those that will come after them; it answers
    /// with one bit for each of the former: whether that item leaves the wheel.
    pub fn serve(&mut self, tick: u64, most: usize, mut serve: impl FnMut(&[Entry<T>], &[Entry<T>]) -> u32) {
        let turn = tick / SLOTS;
        let slot = &mut self.slots[(tick % SLOTS) as usize];
        let mut rest = slot.as_mut_slice();
        let mut any = false;
        while !rest.is_empty() {
            let (due, after) = rest.split_at_mut(most.min(rest.len()));
            for entry in due.iter_mut() {
                entry.missed = u32::try_from(turn.saturating_sub(entry.turn)).unwrap_or(u32::MAX);
                entry.turn = turn + 1;
            }
            let leaving = serve(due, after);
            for (index, entry) in due.iter_mut().enumerate() {
                entry.leaves = leaving >> index & 1 == 1;
                any |= entry.leaves;
            }
            rest = after;
        }
        if any {
            slot.retain(|entry| !entry.leaves);
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
            wheel.serve(tick, 2, |due, _| {
                log.extend(due.iter().map(|entry| (tick, entry.item, entry.missed)));
                0
            });
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
        assert!(wheel.slots.iter().all(|slot| (250..=251).contains(&slot.len())));
    }

    #[test]
    fn an_item_is_due_once_a_turn() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 100); // slot 1
        let mut served = 100;
        let mut log = Vec::new();
        while served < 120 {
            let next = wheel.next(served).expect("not empty");
            log.extend(run(&mut wheel, &mut served, next));
        }
        assert_eq!(log, [101, 105, 109, 113, 117, 121].map(|tick| (tick, 'a', 0)));
    }

    #[test]
    fn a_late_wake_serves_what_it_passed_in_order() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 0); // slot 1
        wheel.insert('b', 0); // slot 2
        let mut served = 0;
        assert_eq!(run(&mut wheel, &mut served, 3), [(1, 'a', 0), (2, 'b', 0)]);
        assert_eq!(run(&mut wheel, &mut served, 4), []);
    }

    #[test]
    fn a_stall_skips_and_never_bursts() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 0); // slot 1
        let mut served = 0;
        assert_eq!(run(&mut wheel, &mut served, 1), [(1, 'a', 0)]);
        // Turns 1–14 are missed; turn 15 began at 61.
        assert_eq!(run(&mut wheel, &mut served, 62), [(61, 'a', 14)]);
        assert_eq!(run(&mut wheel, &mut served, 65), [(65, 'a', 0)]);
    }

    #[test]
    fn a_crowd_is_served_in_rounds_each_told_of_those_after_it() {
        let mut wheel = Wheel::new();
        for item in 0..20 {
            wheel.insert(item, 0);
        }
        let mut rounds = Vec::new();
        wheel.serve(1, 2, |due, after| {
            let items = |entries: &[Entry<i32>]| entries.iter().map(|entry| entry.item).collect::<Vec<_>>();
            rounds.push((items(due), items(after)));
            0
        });
        assert_eq!(rounds, [(vec![0, 4], vec![8, 12, 16]), (vec![8, 12], vec![16]), (vec![16], vec![])]);
    }

    #[test]
    fn what_is_finished_leaves() {
        let mut wheel = Wheel::new();
        for item in 0..20 {
            wheel.insert(item, 0);
        }
        let mut left = Vec::new();
        wheel.serve(1, 2, |_, _| 0b10);
        wheel.serve(5, 4, |due, _| {
            left.extend(due.iter().map(|entry| entry.item));
            u32::MAX
        });
        assert_eq!(left, [0, 8, 16]);
        assert_eq!((wheel.next(5), wheel.next(8)), (Some(6), Some(10)));
        wheel.drain().for_each(drop);
        assert!(wheel.is_empty());
        assert_eq!(wheel.next(7), None);
    }

    #[test]
    fn an_item_put_into_the_running_slot_waits_a_turn() {
        let mut wheel = Wheel::new();
        wheel.insert('a', 5); // slot 1, whose moment in turn 1 is 5
        assert_eq!(wheel.next(5), Some(9));
        let mut served = 5;
        assert_eq!(run(&mut wheel, &mut served, 9), [(9, 'a', 0)]);
    }
}
