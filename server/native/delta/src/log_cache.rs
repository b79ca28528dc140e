//! An object store that keeps the texts of commits (N.json) in memory: the kernel reads each of them
//! two or three times for one window.

use std::collections::VecDeque;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use delta_kernel::object_store::path::Path;
use delta_kernel::object_store::{
    Attributes, CopyOptions, DynObjectStore, GetOptions, GetResult, GetResultPayload, ListResult,
    MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload,
    PutResult, Result,
};
use futures::stream::{self, BoxStream, StreamExt};

/// One text may take up a quarter of the cache: a commit of a hundred thousand files is not kept.
const MAX_SHARE: usize = 4;

#[derive(Debug, Default)]
struct Kept {
    texts: VecDeque<(Path, ObjectMeta, Bytes)>, // oldest first
    bytes: usize,
}

#[derive(Debug)]
pub struct LogCache {
    inner: Arc<DynObjectStore>,
    limit: usize,
    kept: Mutex<Kept>,
}

/// `.../_delta_log/00000000000000000007.json`
fn is_commit(path: &Path) -> bool {
    let is_version = |name: &str| name.len() == 20 && name.bytes().all(|b| b.is_ascii_digit());
    path.filename()
        .and_then(|name| name.strip_suffix(".json"))
        .is_some_and(is_version)
        && path
            .parent()
            .is_some_and(|folder| folder.filename() == Some("_delta_log"))
}

impl LogCache {
    pub fn new(inner: Arc<DynObjectStore>, limit: usize) -> Self {
        LogCache {
            inner,
            limit,
            kept: Mutex::default(),
        }
    }

    /// Forgets everything: the log may be another one.
    pub fn clear(&self) {
        *self.kept.lock().unwrap_or_else(|e| e.into_inner()) = Kept::default();
    }

    fn find(&self, path: &Path) -> Option<(ObjectMeta, Bytes)> {
        let kept = self.kept.lock().unwrap_or_else(|e| e.into_inner());
        kept.texts
            .iter()
            .find(|(p, ..)| p == path)
            .map(|(_, meta, text)| (meta.clone(), text.clone()))
    }

    fn is_small(&self, size: u64) -> bool {
        size <= (self.limit / MAX_SHARE) as u64
    }

    fn keep(&self, meta: &ObjectMeta, text: &Bytes) {
        let mut kept = self.kept.lock().unwrap_or_else(|e| e.into_inner());
        if kept.texts.iter().any(|(path, ..)| *path == meta.location) {
            return;
        }
        kept.bytes += text.len();
        kept.texts
            .push_back((meta.location.clone(), meta.clone(), text.clone()));
        while kept.bytes > self.limit {
            let Some((_, _, oldest)) = kept.texts.pop_front() else {
                break;
            };
            kept.bytes -= oldest.len();
        }
    }
}

fn answer(meta: ObjectMeta, text: Bytes) -> GetResult {
    let range = Range {
        start: 0,
        end: text.len() as u64,
    };
    GetResult {
        payload: GetResultPayload::Stream(stream::once(async move { Ok(text) }).boxed()),
        meta,
        range,
        attributes: Attributes::default(),
        extensions: Default::default(),
    }
}

impl fmt::Display for LogCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogCache({})", self.inner)
    }
}

#[async_trait]
impl ObjectStore for LogCache {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let is_plain = options.range.is_none()
            && !options.head
            && options.if_match.is_none()
            && options.if_none_match.is_none()
            && options.if_modified_since.is_none()
            && options.if_unmodified_since.is_none()
            && options.version.is_none();
        if !is_plain || !is_commit(location) {
            return self.inner.get_opts(location, options).await;
        }
        if let Some((meta, text)) = self.find(location) {
            return Ok(answer(meta, text));
        }
        let result = self.inner.get_opts(location, options).await?;
        if !self.is_small(result.meta.size) {
            return Ok(result);
        }
        let meta = result.meta.clone();
        let text = result.bytes().await?;
        self.keep(&meta, &text);
        Ok(answer(meta, text))
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    async fn put_opts(
        &self,
        at: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(at, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, opts).await
    }

    fn delete_stream(
        &self,
        at: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(at)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[cfg(test)]
#[path = "log_cache_test.rs"]
mod tests;
