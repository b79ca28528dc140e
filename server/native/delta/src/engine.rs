//! The kernel's default engine with two things added: every read can be cancelled (the kernel hands
//! its own token to few of them), and data files are read by `pieces`, in bounded memory.

use std::sync::Arc;

use bytes::Bytes;
use delta_kernel::cancellation::CancellationTokenRef;
use delta_kernel::engine_data::FilteredEngineData;
use delta_kernel::object_store::DynObjectStore;
use delta_kernel::schema::SchemaRef;
use delta_kernel::{
    Engine, EngineData, EvaluationHandler, FileDataReadResultIterator, FileMeta, FileSize,
    FileSlice, JsonHandler, KernelResult, KernelResultIterator, KernelResultIteratorStatic,
    ParquetFooter, ParquetHandler, PredicateRef, StorageHandler,
};
use url::Url;

use crate::pieces::{self, Limits};
use crate::runtime::{as_token, CancelRef};

/// One per operation: it carries that operation's cancel. Cheap to make.
pub struct CancellableEngine {
    evaluation: Arc<dyn EvaluationHandler>,
    storage: Arc<Storage>,
    json: Arc<Json>,
    parquet: Arc<Parquet>,
}

struct Storage {
    inner: Arc<dyn StorageHandler>,
    token: CancellationTokenRef,
}

struct Json {
    inner: Arc<dyn JsonHandler>,
    token: CancellationTokenRef,
}

struct Parquet {
    inner: Arc<dyn ParquetHandler>,
    store: Arc<DynObjectStore>,
    limits: Limits,
    cancel: CancelRef,
}

impl CancellableEngine {
    pub fn new(
        inner: &dyn Engine,
        store: Arc<DynObjectStore>,
        limits: Limits,
        cancel: &CancelRef,
    ) -> Self {
        let token = as_token(cancel);
        CancellableEngine {
            evaluation: inner.evaluation_handler(),
            storage: Arc::new(Storage {
                inner: inner.storage_handler(),
                token: token.clone(),
            }),
            json: Arc::new(Json {
                inner: inner.json_handler(),
                token,
            }),
            parquet: Arc::new(Parquet {
                inner: inner.parquet_handler(),
                store,
                limits,
                cancel: cancel.clone(),
            }),
        }
    }
}

impl Engine for CancellableEngine {
    fn evaluation_handler(&self) -> Arc<dyn EvaluationHandler> {
        self.evaluation.clone()
    }

    fn storage_handler(&self) -> Arc<dyn StorageHandler> {
        self.storage.clone()
    }

    fn json_handler(&self) -> Arc<dyn JsonHandler> {
        self.json.clone()
    }

    fn parquet_handler(&self) -> Arc<dyn ParquetHandler> {
        self.parquet.clone()
    }
}

impl StorageHandler for Storage {
    fn list_from(&self, path: &Url) -> KernelResult<KernelResultIteratorStatic<FileMeta>> {
        self.inner
            .list_from_with_cancellation(path, Some(self.token.clone()))
    }

    fn list_from_with_cancellation(
        &self,
        path: &Url,
        token: Option<CancellationTokenRef>,
    ) -> KernelResult<KernelResultIteratorStatic<FileMeta>> {
        self.inner
            .list_from_with_cancellation(path, token.or_else(|| Some(self.token.clone())))
    }

    fn read_files(&self, files: Vec<FileSlice>) -> KernelResult<KernelResultIteratorStatic<Bytes>> {
        self.inner
            .read_files_with_cancellation(files, Some(self.token.clone()))
    }

    fn read_files_with_cancellation(
        &self,
        files: Vec<FileSlice>,
        token: Option<CancellationTokenRef>,
    ) -> KernelResult<KernelResultIteratorStatic<Bytes>> {
        self.inner
            .read_files_with_cancellation(files, token.or_else(|| Some(self.token.clone())))
    }

    fn copy_atomic(&self, src: &Url, dest: &Url) -> KernelResult<()> {
        self.inner.copy_atomic(src, dest)
    }

    fn put(&self, path: &Url, data: Bytes, overwrite: bool) -> KernelResult<()> {
        self.inner.put(path, data, overwrite)
    }

    fn head(&self, path: &Url) -> KernelResult<FileMeta> {
        self.inner.head(path)
    }

    fn delete(&self, path: &Url) -> KernelResult<()> {
        self.inner.delete(path)
    }
}

impl JsonHandler for Json {
    fn parse_json(
        &self,
        json_strings: Box<dyn EngineData>,
        output_schema: SchemaRef,
    ) -> KernelResult<Box<dyn EngineData>> {
        self.inner.parse_json(json_strings, output_schema)
    }

    fn read_json_files(
        &self,
        files: &[FileMeta],
        schema: SchemaRef,
        predicate: Option<PredicateRef>,
    ) -> KernelResult<FileDataReadResultIterator> {
        let token = Some(self.token.clone());
        self.inner
            .read_json_files_with_cancellation(files, schema, predicate, token)
    }

    fn read_json_files_with_cancellation(
        &self,
        files: &[FileMeta],
        schema: SchemaRef,
        predicate: Option<PredicateRef>,
        token: Option<CancellationTokenRef>,
    ) -> KernelResult<FileDataReadResultIterator> {
        let token = token.or_else(|| Some(self.token.clone()));
        self.inner
            .read_json_files_with_cancellation(files, schema, predicate, token)
    }

    fn write_json_file(
        &self,
        path: &Url,
        data: KernelResultIterator<'_, FilteredEngineData>,
        overwrite: bool,
    ) -> KernelResult<FileSize> {
        self.inner.write_json_file(path, data, overwrite)
    }
}

/// Checkpoints and their sidecars lie in the log's folder and are read with predicates: the default
/// engine does that well.
fn is_log_file(file: &FileMeta) -> bool {
    file.location.path().contains("/_delta_log/")
}

impl ParquetHandler for Parquet {
    fn read_parquet_files(
        &self,
        files: &[FileMeta],
        schema: SchemaRef,
        predicate: Option<PredicateRef>,
    ) -> KernelResult<FileDataReadResultIterator> {
        self.read_parquet_files_with_cancellation(files, schema, predicate, None)
    }

    fn read_parquet_files_with_cancellation(
        &self,
        files: &[FileMeta],
        schema: SchemaRef,
        predicate: Option<PredicateRef>,
        token: Option<CancellationTokenRef>,
    ) -> KernelResult<FileDataReadResultIterator> {
        if files.is_empty() || files.iter().any(is_log_file) {
            let token = token.unwrap_or_else(|| as_token(&self.cancel));
            return self.inner.read_parquet_files_with_cancellation(
                files,
                schema,
                predicate,
                Some(token),
            );
        }
        let (store, limits, cancel) = (self.store.clone(), self.limits, self.cancel.clone());
        let readers = files.to_vec().into_iter().map(move |file| {
            pieces::read_file(store.clone(), file, schema.clone(), limits, cancel.clone())
        });
        Ok(Box::new(readers.flatten()))
    }

    fn write_parquet_file(
        &self,
        location: Url,
        data: KernelResultIteratorStatic<Box<dyn EngineData>>,
    ) -> KernelResult<FileSize> {
        self.inner.write_parquet_file(location, data)
    }

    fn read_parquet_footer(&self, file: &FileMeta) -> KernelResult<ParquetFooter> {
        self.read_parquet_footer_with_cancellation(file, None)
    }

    fn read_parquet_footer_with_cancellation(
        &self,
        file: &FileMeta,
        token: Option<CancellationTokenRef>,
    ) -> KernelResult<ParquetFooter> {
        let token = token.unwrap_or_else(|| as_token(&self.cancel));
        self.inner
            .read_parquet_footer_with_cancellation(file, Some(token))
    }
}
