//! Threads that share the work of a model.
//!
//! A decode step is hundreds of products that take a tenth of a millisecond each. In a virtual machine, waking a thread takes about as
//! long as its share of one of them saves. So nobody is woken for a product: the thread that calls is one of the pool and does its share,
//! and the others stay awake from the beginning to the end of a forward pass. That takes as much CPU time as the pass has
//! threads, whether or not they find something to do.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder, Yield};
use tract_onnx::tract_hir::internal::multithread::{Executor, set_threading_mac_threshold};

use crate::{Error, Result};

/// Products with a vector of so many multiplications and more are shared: those of a decode step, each of which reads a part of
/// the weights that takes longer than waking a thread. By itself tract shares those with 16 times as many.
const SHARED_PRODUCT: usize = 1 << 17;

/// Pauses of the processor between two looks for work: who looks without a pause slows down the thread that is looked at.
const PAUSES: u32 = 32;

/// Threads, one of which is that which started them. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct Threads {
    pool: Arc<ThreadPool>,
}

thread_local! {
    /// A thread can be in one pool alone, and so models that it loads share that.
    static OF_THIS_THREAD: RefCell<BTreeMap<NonZeroUsize, Threads>> = const { RefCell::new(BTreeMap::new()) };
}

impl Threads {
    /// So many, with the thread that calls.
    ///
    /// # Errors
    /// The system gives no more threads.
    pub(super) fn start(count: NonZeroUsize) -> Result<Self> {
        set_threading_mac_threshold(SHARED_PRODUCT);
        OF_THIS_THREAD.with_borrow_mut(|started| {
            if let Some(threads) = started.get(&count) {
                return Ok(threads.clone());
            }
            // Who is in a pool already, one with another number of threads, waits for all threads of a further one.
            let pool = pool(count, true).or_else(|_| pool(count, false)).map_err(|error| {
                Error::new(
                    "threads",
                    format!("cannot start {count} threads: {error}"),
                    "lower `threads` in `suite.toml`",
                )
            })?;
            let threads = Self { pool: Arc::new(pool) };
            started.insert(count, threads.clone());
            Ok(threads)
        })
    }

    /// What has tract share its work among them.
    pub(super) fn executor(&self) -> Executor {
        Executor::MultiThread(Arc::clone(&self.pool))
    }

    /// Keeps them awake.
    pub(super) fn awake(&self) -> Awake {
        let is_over = Arc::new(AtomicBool::new(false));
        let awake = Awake { is_over: Arc::clone(&is_over) };
        self.pool.spawn_broadcast(move |context| {
            // The first is that which calls, and would wait for itself.
            while context.index() > 0 && !is_over.load(Ordering::Relaxed) {
                if rayon::yield_now() != Some(Yield::Executed) {
                    (0..PAUSES).for_each(|_| std::hint::spin_loop());
                }
            }
        });
        awake
    }
}

/// Threads stay awake for as long as this lives.
#[derive(Debug)]
pub(super) struct Awake {
    is_over: Arc<AtomicBool>,
}

impl Drop for Awake {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // The first thread looks for its part while it waits for others alone: of passes that share nothing, parts would pile up.
        let _ = rayon::yield_local();
    }
}

fn pool(count: NonZeroUsize, with_this_thread: bool) -> std::result::Result<ThreadPool, ThreadPoolBuildError> {
    let builder = ThreadPoolBuilder::new().num_threads(count.get()).thread_name(|index| format!("inference-{index}"));
    if with_this_thread { builder.use_current_thread().build() } else { builder.build() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(threads: usize) -> NonZeroUsize {
        NonZeroUsize::new(threads).unwrap()
    }

    #[test]
    fn the_thread_that_starts_them_is_the_first_and_a_second_model_shares_them() {
        std::thread::spawn(|| {
            let threads = Threads::start(count(3)).unwrap();
            assert_eq!((threads.pool.current_num_threads(), threads.pool.current_thread_index()), (3, Some(0)));
            assert!(Arc::ptr_eq(&threads.pool, &Threads::start(count(3)).unwrap().pool));
            let others = Threads::start(count(2)).unwrap();
            assert_eq!((others.pool.current_num_threads(), others.pool.current_thread_index()), (2, None));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn work_is_done_while_they_are_awake_by_whoever_asks() {
        let sum = |threads: &Threads| {
            let _awake = threads.awake();
            (0..100).map(|n| threads.pool.install(|| rayon::join(|| n, || n))).map(|(a, b)| a + b).sum::<i32>()
        };
        let threads = std::thread::spawn(move || {
            let threads = Threads::start(count(2)).unwrap();
            assert_eq!((sum(&threads), sum(&threads)), (9900, 9900));
            let from_another = threads.clone();
            std::thread::spawn(move || assert_eq!(sum(&from_another), 9900)).join().unwrap();
            threads
        });
        threads.join().unwrap();
    }
}
