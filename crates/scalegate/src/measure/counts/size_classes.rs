//! An allocator for counting: no call costs more or less for what was allocated before.
#![expect(unsafe_code, reason = "a global allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// The smallest block, and its alignment: a cache line, and twice the widest register of the C library's `memcpy`.
const SMALLEST: usize = 64;
/// Copies of up to 256 bytes have no loop; from here on `memcpy` asks how source and target lie within their pages.
const PAGED: usize = 512;
const PAGE: usize = 4096;
/// From the smallest block to the power of two above every layout.
const CLASSES: usize = (usize::BITS - SMALLEST.trailing_zeros()) as usize;
/// What is taken from the system at once; it takes no memory before it is used.
const REGION: usize = 512 << 20;

/// Takes and returns memory in a number of instructions that depends on the layouts asked for, and on nothing else.
///
/// The system's `malloc` searches and splits and joins: its cost depends on all that a process allocated before, so that a
/// change of a file that is read first would change the count of an inference. Here a size is rounded up to a power of
/// two, each of which has a list of free blocks. There is no search, a block is never split or joined, memory that has
/// to be zero is always written, and a block grows in place only if its power of two stays.
///
/// Blocks from 512 bytes on begin with a page and the others with a cache line: where source and target lie decides how the C
/// library copies.
///
/// It never gives memory back to the system and wastes up to half of it: nothing for a program that is not measured.
#[derive(Debug)]
pub struct SizeClasses {
    is_locked: AtomicBool,
    state: UnsafeCell<State>,
}

/// More regions than any process takes: those of 512 MiB come to 32 GiB.
const REGIONS: usize = 64;

/// Addresses; 0 is none.
#[derive(Debug)]
struct State {
    /// What was taken from the system, the first and the last address of each.
    regions: [(usize, usize); REGIONS],
    n_regions: usize,
    /// The first free block of each class. The first word of a free block is the address of the next.
    free: [usize; CLASSES],
    /// Memory that was never used, which is zero: for blocks below [`PAGED`], and for the others.
    fresh: [Fresh; 2],
}

#[derive(Debug, Clone, Copy)]
struct Fresh {
    next: usize,
    end: usize,
}

// SAFETY: the state is used only behind the lock.
unsafe impl Sync for SizeClasses {}

impl SizeClasses {
    /// The name under which a series tells its allocator.
    pub const NAME: &str = "size classes";

    /// An allocator that has taken nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        let fresh = [Fresh { next: 0, end: 0 }; 2];
        Self {
            is_locked: AtomicBool::new(false),
            state: UnsafeCell::new(State { regions: [(0, 0); REGIONS], n_regions: 0, free: [0; CLASSES], fresh }),
        }
    }

    /// Whether a layout is of a class, or goes to the system.
    pub(super) fn has(layout: Layout) -> bool {
        class(layout).is_some()
    }

    /// Whether a block was handed out here.
    pub(super) fn owns(&self, block: *mut u8) -> bool {
        let address = block.addr();
        self.with_state(|state| {
            state.regions[..state.n_regions].iter().any(|(first, last)| (*first..=*last).contains(&address))
        })
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        while self.is_locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            std::thread::yield_now();
        }
        // SAFETY: whoever holds the lock is alone here, and `act` calls nothing that allocates through this allocator.
        let outcome = act(unsafe { &mut *self.state.get() });
        self.is_locked.store(false, Ordering::Release);
        outcome
    }
}

impl Default for SizeClasses {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: blocks of a class are at least as large and as aligned as the layouts of it, are handed out once until they come
// back, and lie in memory that is never given back.
unsafe impl GlobalAlloc for SizeClasses {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            Some(class) => self.with_state(|state| state.take(class)),
            // SAFETY: the caller's layout, as the caller warrants it.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match class(layout) {
            // SAFETY: the block was taken with this layout, so that it is one of this class and belongs to nobody now.
            Some(class) => self.with_state(|state| unsafe { state.put(class, block) }),
            // SAFETY: it was taken from there, by the same rule.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller warrants that `size` with this alignment is a layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if class(layout).is_some() && class(layout) == class(wanted) {
            return block;
        }
        // SAFETY: both are of their layouts, and the shorter of the two is copied.
        unsafe {
            let other = self.alloc(wanted);
            if !other.is_null() {
                ptr::copy_nonoverlapping(block, other, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            other
        }
    }
}

/// The power of two of a layout, counted from the smallest block; none for what has to be aligned to more than a page.
fn class(layout: Layout) -> Option<usize> {
    let size = layout.size().max(layout.align()).max(SMALLEST);
    let class = (size - 1).ilog2() + 1 - SMALLEST.trailing_zeros();
    (layout.align() <= PAGE).then_some(class as usize)
}

impl State {
    /// A free block of `class` or a fresh one, by the same instructions; null if the system has no more.
    #[expect(clippy::cast_ptr_alignment, reason = "blocks are aligned for a word")]
    fn take(&mut self, class: usize) -> *mut u8 {
        let size = SMALLEST << class;
        let is_paged = size >= PAGED;
        let step = if is_paged { size.max(PAGE) } else { size };
        let Fresh { next, end } = self.fresh[usize::from(is_paged)];
        // The step, and what alignment may skip.
        if end - next < step.saturating_add(PAGE) {
            return self.refill(class, step);
        }
        let align = step.min(PAGE);
        let fresh = (next + align - 1) & !(align - 1);
        let head = self.free[class];
        // All ones if the list is empty. Hidden from the compiler, which would make a branch of it.
        let is_empty = black_box(usize::from(head == 0).wrapping_neg());
        let block = head | (fresh & is_empty);
        self.fresh[usize::from(is_paged)].next = (next & !is_empty) | ((fresh + step) & is_empty);
        let block = ptr::with_exposed_provenance_mut::<u8>(block);
        // SAFETY: a free block holds its successor, and a fresh one zero; blocks are aligned for a word.
        self.free[class] = unsafe { block.cast::<usize>().read() };
        block
    }

    /// Takes memory from the system, and a block of it. Happens so seldom that a count has it once or never.
    #[cold]
    fn refill(&mut self, class: usize, step: usize) -> *mut u8 {
        let bytes = REGION.max(step.saturating_add(2 * PAGE));
        // Not aligned to a page: the standard library would write zeros over what the system gives as zero.
        let region = match Layout::from_size_align(bytes, align_of::<usize>()) {
            // SAFETY: the size is not zero.
            Ok(layout) => unsafe { System.alloc_zeroed(layout) },
            Err(_) => ptr::null_mut(),
        };
        if region.is_null() {
            return region;
        }
        let next = region.expose_provenance();
        if self.n_regions == REGIONS {
            return ptr::null_mut();
        }
        self.regions[self.n_regions] = (next, next + bytes);
        self.n_regions += 1;
        self.fresh[usize::from(SMALLEST << class >= PAGED)] = Fresh { next, end: next + bytes };
        self.take(class)
    }

    /// # Safety
    /// `block` is one of this class that nobody uses any more.
    #[expect(clippy::cast_ptr_alignment, reason = "blocks are aligned for a word")]
    unsafe fn put(&mut self, class: usize, block: *mut u8) {
        // SAFETY: as the caller warrants; blocks are aligned for a word.
        unsafe { block.cast::<usize>().write(self.free[class]) };
        self.free[class] = block.expose_provenance();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn a_class_is_the_next_power_of_two_of_size_and_alignment() {
        let of = |size, align| class(layout(size, align));
        assert_eq!((of(1, 1), of(64, 8), of(65, 8), of(128, 8)), (Some(0), Some(0), Some(1), Some(1)));
        assert_eq!((of(8, 512), of(8, 4096), of(8, 8192)), (Some(3), Some(6), None));
        assert!(of(isize::MAX as usize, 1).is_some_and(|class| class < CLASSES));
    }

    #[test]
    fn blocks_are_aligned_and_never_overlap_and_come_back() {
        let heap = SizeClasses::new();
        let mut taken: BTreeMap<usize, (usize, Layout)> = BTreeMap::new();
        for i in 0..2000_usize {
            let layout = layout(1 + i * 7919 % 9000, 1 << (i % 13));
            // SAFETY: the layouts are not empty, and what is given back was taken with its layout.
            unsafe {
                let block = heap.alloc(layout);
                assert_eq!(block.addr() % layout.align(), 0);
                block.write_bytes(0xff, layout.size());
                let before = taken.range(..=block.addr()).next_back();
                assert!(before.is_none_or(|(start, (size, _))| start + size <= block.addr()), "{block:?}");
                let after = taken.range(block.addr()..).next();
                assert!(after.is_none_or(|(start, _)| block.addr() + layout.size() <= *start), "{block:?}");
                taken.insert(block.addr(), (layout.size(), layout));
                if i % 3 == 0 {
                    let (start, (_, layout)) = taken.pop_first().unwrap();
                    heap.dealloc(ptr::with_exposed_provenance_mut(start), layout);
                }
            }
        }
    }

    #[test]
    fn blocks_begin_with_a_cache_line_and_large_ones_with_a_page() {
        let heap = SizeClasses::new();
        for i in 0..500_usize {
            for size in [64, 100, 200] {
                // SAFETY: the layout is not empty.
                let small = unsafe { heap.alloc(layout(size, 8)) }.addr();
                assert!(small.is_multiple_of(64), "{small:x} of {size}");
            }
            // SAFETY: the layout is not empty.
            let large = unsafe { heap.alloc(layout(300 + 50 * i, 8)) }.addr();
            assert!(large.is_multiple_of(PAGE), "{large:x}");
        }
    }

    #[test]
    fn memory_asked_for_as_zero_is_zero_and_growing_keeps_what_was_there() {
        let heap = SizeClasses::new();
        let first = layout(100, 8);
        // SAFETY: the layouts are not empty, and those that the blocks were taken with.
        unsafe {
            let used = heap.alloc(first);
            used.write_bytes(7, 100);
            heap.dealloc(used, first);
            let zero = heap.alloc_zeroed(first);
            assert_eq!(zero, used, "the block came back");
            assert!((0..100).all(|i| zero.add(i).read() == 0));
            zero.write_bytes(9, 100);
            assert_eq!(heap.realloc(zero, first, 128), zero, "it is of the same class");
            let grown = heap.realloc(zero, layout(128, 8), 5000);
            assert!(grown != zero && (0..100).all(|i| grown.add(i).read() == 9));
            assert_eq!(heap.alloc(first), zero, "the old block came back");
        }
    }

    #[test]
    fn threads_share_it() {
        let heap = SizeClasses::new();
        std::thread::scope(|scope| {
            for mark in 0..4_u8 {
                let heap = &heap;
                scope.spawn(move || {
                    for _ in 0..300 {
                        // SAFETY: the layout is not empty, and the block is given back once.
                        unsafe {
                            let block = heap.alloc(layout(200, 8));
                            block.write_bytes(mark, 200);
                            assert!((0..200).all(|i| block.add(i).read() == mark), "another thread has it too");
                            heap.dealloc(block, layout(200, 8));
                        }
                    }
                });
            }
        });
    }
}
