//! The allocator of a bench target: as it was, unless something is counted.
#![expect(unsafe_code, reason = "a global allocator hands out raw memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::SizeClasses;

/// What one inference allocated, whether or not it freed it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeapUse {
    /// Sum of the sizes of all allocations; a block that is resized counts with its new size.
    pub bytes: u64,
    /// Number of allocations and resizes.
    pub blocks: u64,
}

/// An allocator that can count what is asked of it.
pub trait Instrumented: Sync {
    /// Runs `inference`, and says what all threads allocated meanwhile.
    fn count(&self, inference: &mut dyn FnMut()) -> HeapUse;

    /// From here on every call takes a number of instructions that depends on its layout alone (see [`SizeClasses`]).
    fn use_size_classes(&self);
}

/// Passes every call on to `A`, and counts it while it is told to: a load and a branch more for each call.
///
/// [`bench!`](crate::bench!) installs one. A target that has a global allocator of its own wraps it:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: scalegate::Allocator<std::alloc::System> = scalegate::Allocator::new(std::alloc::System);
/// ```
#[derive(Debug)]
pub struct Allocator<A = System> {
    inner: A,
    size_classes: SizeClasses,
    is_counting: AtomicBool,
    has_size_classes: AtomicBool,
    bytes: AtomicU64,
    blocks: AtomicU64,
}

impl<A> Allocator<A> {
    /// An allocator that does what `inner` does.
    pub const fn new(inner: A) -> Self {
        Self {
            inner,
            size_classes: SizeClasses::new(),
            is_counting: AtomicBool::new(false),
            has_size_classes: AtomicBool::new(false),
            bytes: AtomicU64::new(0),
            blocks: AtomicU64::new(0),
        }
    }

    fn note(&self, bytes: usize) {
        if self.is_counting.load(Ordering::Relaxed) {
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            self.blocks.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn has_size_classes(&self) -> bool {
        self.has_size_classes.load(Ordering::Relaxed)
    }
}

impl<A: Sync> Instrumented for Allocator<A> {
    fn count(&self, inference: &mut dyn FnMut()) -> HeapUse {
        let now = || HeapUse { bytes: self.bytes.load(Ordering::SeqCst), blocks: self.blocks.load(Ordering::SeqCst) };
        let before = now();
        self.is_counting.store(true, Ordering::SeqCst);
        inference();
        self.is_counting.store(false, Ordering::SeqCst);
        let after = now();
        HeapUse { bytes: after.bytes - before.bytes, blocks: after.blocks - before.blocks }
    }

    fn use_size_classes(&self) {
        self.has_size_classes.store(true, Ordering::SeqCst);
    }
}

// SAFETY: every block is handed out by one of two allocators, and goes back to the one that it came from: size classes know
// their own regions. Both are handed the caller's layouts.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Allocator<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note(layout.size());
        // SAFETY: the caller's layout, as the caller warrants it.
        unsafe {
            if self.has_size_classes() && SizeClasses::has(layout) {
                self.size_classes.alloc(layout)
            } else {
                self.inner.alloc(layout)
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.note(layout.size());
        // SAFETY: as above.
        unsafe {
            if self.has_size_classes() && SizeClasses::has(layout) {
                self.size_classes.alloc_zeroed(layout)
            } else {
                self.inner.alloc_zeroed(layout)
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block goes back to where it came from, with its layout.
        unsafe {
            if self.has_size_classes() && self.size_classes.owns(block) {
                self.size_classes.dealloc(block, layout);
            } else {
                self.inner.dealloc(block, layout);
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.note(size);
        if !self.has_size_classes() {
            // SAFETY: without size classes there is one allocator.
            return unsafe { self.inner.realloc(block, layout, size) };
        }
        // SAFETY: the caller warrants that `size` with this alignment is a layout, so that it may be asked for; the shorter of
        // the two is copied, and the block goes back to where it came from.
        unsafe {
            let wanted = Layout::from_size_align_unchecked(size, layout.align());
            if self.size_classes.owns(block) && SizeClasses::has(wanted) {
                return self.size_classes.realloc(block, layout, size);
            }
            let other =
                if SizeClasses::has(wanted) { self.size_classes.alloc(wanted) } else { self.inner.alloc(wanted) };
            if !other.is_null() {
                ptr::copy_nonoverlapping(block, other, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_while_counting_is_counted_and_nothing_else() {
        let heap = Allocator::new(System);
        let layout = Layout::from_size_align(100, 8).unwrap();
        // SAFETY: the layouts are not empty, and each block is given back with its own.
        let used = heap.count(&mut || unsafe {
            let block = heap.alloc(layout);
            let block = heap.realloc(block, layout, 300);
            heap.dealloc(block, Layout::from_size_align(300, 8).unwrap());
        });
        assert_eq!(used, HeapUse { bytes: 400, blocks: 2 });
        assert_eq!(heap.count(&mut || ()), HeapUse::default());
    }

    #[test]
    fn blocks_from_before_size_classes_go_back_to_where_they_came_from() {
        let heap = Allocator::new(System);
        let layout = Layout::from_size_align(100, 8).unwrap();
        let large = Layout::from_size_align(100, 8192).unwrap();
        // SAFETY: the layouts are not empty, and each block is given back with its own.
        unsafe {
            let (early, resized) = (heap.alloc(layout), heap.alloc(layout));
            resized.write_bytes(7, 100);
            heap.use_size_classes();
            let late = heap.alloc(layout);
            assert!(heap.size_classes.owns(late) && !heap.size_classes.owns(early));
            let resized = heap.realloc(resized, layout, 200);
            assert!(heap.size_classes.owns(resized) && (0..100).all(|i| resized.add(i).read() == 7));
            let aligned = heap.alloc(large);
            assert!(!heap.size_classes.owns(aligned));
            heap.dealloc(aligned, large);
            heap.dealloc(early, layout);
            heap.dealloc(late, layout);
            assert_eq!(heap.alloc(layout), late, "it came back");
        }
    }
}
