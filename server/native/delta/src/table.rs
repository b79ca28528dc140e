//! dk_table: an address, its object store, and what is known of its log.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use delta_kernel::history_manager::{get_earliest_commit, HistoryCommitType};
use delta_kernel::object_store::path::Path;
use delta_kernel::object_store::{self, DynObjectStore, ObjectMeta, ObjectStoreExt as _};
use delta_kernel::table_changes::TableChanges;
use delta_kernel::{KernelError, Snapshot, SnapshotRef};
use delta_kernel_default_engine::executor::tokio::TokioMultiThreadExecutor;
use delta_kernel_default_engine::{DefaultEngine, DefaultEngineBuilder};
use url::Url;

use crate::engine::CancellableEngine;
use crate::error::{from_kernel, Code, Doing, Failure, Result};
use crate::log_cache::LogCache;
use crate::pieces::Limits;
use crate::runtime::{self, as_token, CancelRef};
use crate::storage;
use crate::store_error::from_store;

/// Files of the log that are asked for at once.
const LOG_READ_AHEAD: NonZero<usize> = NonZero::new(32).unwrap();
/// Older snapshots kept: both ends of a window, and the cursor.
const KEPT_SNAPSHOTS: usize = 4;

pub type KernelEngine = DefaultEngine<TokioMultiThreadExecutor>;

pub struct Settings {
    pub limits: Limits,
    pub log_cache_bytes: usize,
}

struct Latest {
    snapshot: SnapshotRef,
    commit: ObjectMeta, // of the snapshot's N.json: tells whether the log is still the same
}

#[derive(Default)]
struct Known {
    generation: u64, // 0: never loaded
    latest: Option<Latest>,
    older: Vec<SnapshotRef>,
    changes: Option<(u64, u64, Arc<TableChanges>)>,
    rows: Option<(u64, i64)>,
}

pub struct Table {
    /// As the kernel is shown it.
    pub url: Url,
    /// Of a local table.
    pub folder: Option<PathBuf>,
    store: Arc<DynObjectStore>,
    cache: Arc<LogCache>,
    engine: Arc<KernelEngine>,
    limits: Limits,
    known: Mutex<Known>,
}

impl Table {
    pub fn open(
        address: &str,
        options: Vec<(String, String)>,
        settings: Settings,
    ) -> Result<Table> {
        let _in_runtime = runtime::handle().enter();
        let place = storage::place(address, options)?;
        let cache = Arc::new(LogCache::new(place.store, settings.log_cache_bytes));
        let store: Arc<DynObjectStore> = cache.clone();
        let executor = Arc::new(TokioMultiThreadExecutor::new(runtime::handle().clone()));
        let batch_rows = NonZero::new(settings.limits.batch_rows).unwrap_or(NonZero::<usize>::MIN);
        let engine = DefaultEngineBuilder::new(store.clone())
            .with_task_executor(executor)
            .with_buffer_size(LOG_READ_AHEAD)
            .with_batch_size(batch_rows)
            .build();
        Ok(Table {
            url: place.url,
            folder: place.folder,
            store,
            cache,
            engine: Arc::new(engine),
            limits: settings.limits,
            known: Mutex::default(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// The engine of one operation.
    pub fn engine(&self, cancel: &CancelRef) -> Arc<CancellableEngine> {
        let engine = CancellableEngine::new(
            self.engine.as_ref(),
            self.store.clone(),
            self.limits,
            cancel,
        );
        Arc::new(engine)
    }

    /// For writing, which is not cancelled half way.
    pub fn plain_engine(&self) -> Arc<KernelEngine> {
        self.engine.clone()
    }

    pub fn store(&self) -> &Arc<DynObjectStore> {
        &self.store
    }

    pub fn commit_path(&self, version: u64) -> Result<Path> {
        self.path(&format!("_delta_log/{version:020}.json"))
    }

    /// Of a file named in the log: relative to the table, or a URL.
    pub fn path(&self, file: &str) -> Result<Path> {
        let url = self
            .url
            .join(file)
            .map_err(|e| Failure::invalid(format!("{file}: {e}")))?;
        Path::from_url_path(url.path()).map_err(|e| Failure::invalid(format!("{file}: {e}")))
    }

    fn head(&self, version: u64, cancel: &CancelRef) -> Result<object_store::Result<ObjectMeta>> {
        let path = self.commit_path(version)?;
        runtime::wait(cancel, self.store.head(&path))
    }

    /// (version, generation). Looks at the latest known commit and the one after it; only if the first
    /// is not what it was, or the second exists, is the log listed.
    pub fn latest(&self, cancel: &CancelRef) -> Result<(u64, u64)> {
        let before = {
            let known = self.known();
            known
                .latest
                .as_ref()
                .map(|l| (l.snapshot.clone(), l.commit.clone(), known.generation))
        };
        let Some((snapshot, commit, generation)) = before else {
            return self.load(cancel);
        };
        match self.head(snapshot.version(), cancel)? {
            Ok(now) if is_same(&commit, &now) => {}
            Ok(_) | Err(object_store::Error::NotFound { .. }) => return self.load(cancel),
            Err(error) => return Err(from_store(&error, Doing::Opening)),
        }
        match self.head(snapshot.version() + 1, cancel)? {
            Err(object_store::Error::NotFound { .. }) => Ok((snapshot.version(), generation)),
            // S3 answers 403 for a missing object when it may not tell; listing decides.
            Ok(_) | Err(object_store::Error::PermissionDenied { .. }) => {
                self.advance(snapshot, cancel)
            }
            Err(error) => Err(from_store(&error, Doing::Opening)),
        }
    }

    fn advance(&self, from: SnapshotRef, cancel: &CancelRef) -> Result<(u64, u64)> {
        let engine = self.engine(cancel);
        let built = Snapshot::builder_from(from)
            .with_cancellation_token(as_token(cancel))
            .build(engine.as_ref());
        match built {
            Ok(snapshot) => self.remember(snapshot, false, cancel),
            Err(KernelError::Cancelled) => Err(Failure::cancelled()),
            // The log may have been replaced this very moment: a full load tells what is wrong.
            Err(_) => self.load(cancel),
        }
    }

    /// A full load: another log than before, as far as we know.
    fn load(&self, cancel: &CancelRef) -> Result<(u64, u64)> {
        {
            let mut known = self.known();
            *known = Known {
                generation: known.generation,
                ..Known::default()
            };
        }
        self.cache.clear();
        self.check_folder()?;
        let engine = self.engine(cancel);
        let snapshot = Snapshot::builder_for(self.url.as_str())
            .with_cancellation_token(as_token(cancel))
            .build(engine.as_ref())
            .map_err(|e| from_kernel(e, Doing::Opening))?;
        self.remember(snapshot, true, cancel)
    }

    /// A local folder that is not there lists as empty; say the difference.
    fn check_folder(&self) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        match std::fs::metadata(folder.join("_delta_log")) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
                Err(Failure::new(Code::Permission, "the folder may not be read"))
            }
            Err(_) if folder.is_dir() => Err(Failure::new(Code::NotFound, "no _delta_log folder")),
            Err(_) => Err(Failure::new(Code::NotFound, "no such folder")),
        }
    }

    fn remember(
        &self,
        snapshot: SnapshotRef,
        is_new_log: bool,
        cancel: &CancelRef,
    ) -> Result<(u64, u64)> {
        let version = snapshot.version();
        let commit = match self.head(version, cancel)? {
            Ok(commit) => commit,
            Err(error) => return Err(from_store(&error, Doing::Opening)),
        };
        let mut known = self.known();
        if is_new_log || known.generation == 0 {
            known.generation += 1;
        }
        if let Some(before) = known.latest.replace(Latest { snapshot, commit }) {
            keep(&mut known.older, before.snapshot);
        }
        Ok((version, known.generation))
    }

    /// The latest snapshot as dk_latest() last saw it; loads it if it never did.
    pub fn latest_snapshot(&self, cancel: &CancelRef) -> Result<SnapshotRef> {
        if self.known().latest.is_none() {
            self.load(cancel)?;
        }
        match &self.known().latest {
            Some(latest) => Ok(latest.snapshot.clone()),
            None => Err(Failure::new(Code::Retry, "the table is being replaced")),
        }
    }

    pub fn snapshot(&self, version: i64, cancel: &CancelRef) -> Result<SnapshotRef> {
        let latest = self.latest_snapshot(cancel)?;
        let wanted = check_version(version, latest.version())?;
        if wanted == latest.version() {
            return Ok(latest);
        }
        if let Some(kept) = self.known().older.iter().find(|s| s.version() == wanted) {
            return Ok(kept.clone());
        }
        let engine = self.engine(cancel);
        let built = Snapshot::builder_for(self.url.as_str())
            .at_version(wanted)
            .with_cancellation_token(as_token(cancel))
            .build(engine.as_ref());
        let snapshot =
            built.map_err(|e| self.with_earliest(from_kernel(e, Doing::Reading), cancel))?;
        keep(&mut self.known().older, snapshot.clone());
        Ok(snapshot)
    }

    pub fn changes(&self, first: i64, last: i64, cancel: &CancelRef) -> Result<Arc<TableChanges>> {
        let latest = self.latest_snapshot(cancel)?.version();
        let (first, last) = (check_version(first, latest)?, check_version(last, latest)?);
        if first > last {
            return Err(Failure::invalid(format!(
                "versions {first} to {last}: the first is larger"
            )));
        }
        if let Some((f, l, changes)) = &self.known().changes {
            if (*f, *l) == (first, last) {
                return Ok(changes.clone());
            }
        }
        let engine = self.engine(cancel);
        let made = TableChanges::try_new(self.url.clone(), engine.as_ref(), first, Some(last));
        let changes =
            made.map_err(|e| self.with_earliest(from_kernel(e, Doing::Reading), cancel))?;
        let changes = Arc::new(changes);
        self.known().changes = Some((first, last, changes.clone()));
        Ok(changes)
    }

    /// History that is gone: from which version on the table can still be read.
    pub fn with_earliest(&self, failure: Failure, cancel: &CancelRef) -> Failure {
        if failure.code != Code::HistoryGone {
            return failure;
        }
        let Ok(log) = self.url.join("_delta_log/") else {
            return failure;
        };
        let engine = self.engine(cancel);
        match get_earliest_commit(engine.as_ref(), &log, None, HistoryCommitType::Recreatable) {
            Ok(version) => Failure {
                version: version as i64,
                ..failure
            },
            Err(_) => failure,
        }
    }

    pub fn known_rows(&self, version: u64) -> Option<i64> {
        self.known()
            .rows
            .filter(|(at, _)| *at == version)
            .map(|(_, rows)| rows)
    }

    pub fn remember_rows(&self, version: u64, rows: i64) {
        self.known().rows = Some((version, rows));
    }
}

fn keep(older: &mut Vec<SnapshotRef>, snapshot: SnapshotRef) {
    older.retain(|kept| kept.version() != snapshot.version());
    if older.len() >= KEPT_SNAPSHOTS {
        older.remove(0);
    }
    older.push(snapshot);
}

fn is_same(before: &ObjectMeta, now: &ObjectMeta) -> bool {
    match (&before.e_tag, &now.e_tag) {
        (Some(before), Some(now)) => before == now,
        _ => before.last_modified == now.last_modified && before.size == now.size,
    }
}

fn check_version(version: i64, latest: u64) -> Result<u64> {
    match u64::try_from(version) {
        Err(_) => Err(Failure::invalid(format!("version {version} is negative"))),
        Ok(wanted) if wanted > latest => {
            let message = format!("version {wanted} does not exist yet; the latest is {latest}");
            Err(Failure::at(Code::NotYet, latest as i64, message))
        }
        Ok(wanted) => Ok(wanted),
    }
}
