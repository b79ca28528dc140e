//! The one tokio runtime that all tables share, cancelling, and panics.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock};

use delta_kernel::cancellation::{CancellationToken, CancellationTokenRef, CancelledFuture};
use futures::future::{select, Either};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

use crate::error::{Code, Failure, Result};

/// Threads for requests; decoding runs on the threads of the callers.
const WORKERS: usize = 2;

pub fn handle() -> &'static Handle {
    // Never dropped: dropping a runtime at exit would wait for its threads.
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            quiet_panics();
            Builder::new_multi_thread()
                .worker_threads(WORKERS)
                .thread_name("drift-delta")
                .enable_all()
                .build()
                .expect("threads for the Delta reader")
        })
        .handle()
}

/// dk_cancel: once fired, fired for good.
#[derive(Default, Debug)]
pub struct Cancel {
    fired: AtomicBool,
    notify: Notify,
}

impl Cancel {
    pub fn fire(&self) {
        self.fired.store(true, Ordering::SeqCst);
        self.notify.notify_waiters();
    }
}

impl CancellationToken for Cancel {
    fn is_cancelled(&self) -> bool {
        self.fired.load(Ordering::SeqCst)
    }

    fn cancelled_future(&self) -> CancelledFuture<'_> {
        Box::pin(async move {
            // Made before the flag is read: a fire() in between wakes it all the same.
            let notified = self.notify.notified();
            if !self.is_cancelled() {
                notified.await;
            }
        })
    }
}

pub type CancelRef = Arc<Cancel>;

pub fn as_token(cancel: &CancelRef) -> CancellationTokenRef {
    cancel.clone()
}

/// Runs `future` on the calling thread until it is done or `cancel` fires.
/// REQUIRES: not called from a thread of the runtime.
pub fn wait<T>(cancel: &CancelRef, future: impl Future<Output = T>) -> Result<T> {
    if cancel.is_cancelled() {
        return Err(Failure::cancelled());
    }
    handle().block_on(async {
        let future = std::pin::pin!(future);
        match select(future, cancel.cancelled_future()).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(Failure::cancelled()),
        }
    })
}

static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Panics are told by the errors they become, not on stderr. The hook is this library's own: the
/// standard library is linked into it.
fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            if cfg!(test) {
                eprintln!("{info}");
            }
            if let Ok(mut last) = LAST_PANIC.lock() {
                *last = info.to_string();
            }
        }));
    });
}

/// Calls `body`; a panic in it, or in a task it waits for, becomes DK_INTERNAL.
pub fn guard<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    quiet_panics();
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)) {
        Ok(result) => result,
        Err(_) => {
            let told = LAST_PANIC
                .lock()
                .map(|last| last.clone())
                .unwrap_or_default();
            Err(Failure {
                kind: "Panic".into(),
                ..Failure::new(Code::Internal, format!("panic: {told}"))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn a_fired_cancel_ends_a_wait_that_would_never_end() {
        let cancel = CancelRef::default();
        let other = cancel.clone();
        let thread = std::thread::spawn(move || wait(&other, std::future::pending::<()>()));
        std::thread::sleep(Duration::from_millis(20));
        let fired = Instant::now();
        cancel.fire();
        assert_eq!(thread.join().unwrap().unwrap_err().code, Code::Cancelled);
        assert!(fired.elapsed() < Duration::from_millis(100));
        assert_eq!(
            wait(&cancel, async { 1 }).unwrap_err().code,
            Code::Cancelled
        );
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_text() {
        let failure = guard::<()>(|| panic!("row 7 is odd")).unwrap_err();
        assert_eq!(failure.code, Code::Internal);
        assert!(
            failure.message.contains("row 7 is odd"),
            "{}",
            failure.message
        );
    }
}
