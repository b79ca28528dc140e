//! What commits did, from their texts: enough to cut windows out of a range, and to tell whether a
//! commit is still the same one.

use std::collections::HashMap;
use std::ffi::{c_char, CString};

use aws_lc_rs::digest::{digest, SHA256};
use bytes::Bytes;
use delta_kernel::object_store::{self, ObjectStoreExt as _};
use delta_kernel::schema::StructType;
use delta_kernel::table_features::TableFeature;
use serde::Deserialize;

use crate::error::{Code, Doing, Failure, Result};
use crate::ffi::c_string;
use crate::runtime::{self, CancelRef};
use crate::store_error::from_store;
use crate::table::Table;

/// struct dk_commit.
#[repr(C)]
pub struct CCommit {
    version: i64,
    bytes: i64,
    operation: *const c_char,
    new_table_id: *const c_char,
    schema_changed: u8,
    change_feed: u8,
}

/// struct dk_history; what it points at lies behind it.
#[repr(C)]
pub struct CHistory {
    count: usize,
    commits: *const CCommit,
    owned: (Vec<CCommit>, Vec<CString>),
}

// Of each action only what is needed here; everything else of a line is skipped unread.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    commit_info: Option<CommitInfo>,
    meta_data: Option<MetaData>,
    add: Option<FileAction>,
    remove: Option<FileAction>,
    cdc: Option<FileAction>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommitInfo {
    operation: Option<String>,
    in_commit_timestamp: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaData {
    id: String,
    schema_string: String,
    #[serde(default)]
    configuration: HashMap<String, Option<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileAction {
    size: Option<i64>,
    #[serde(default = "yes")]
    data_change: bool,
}

fn yes() -> bool {
    true
}

#[derive(Default, Debug)]
struct Commit {
    operation: String,
    in_commit_ms: Option<i64>,
    table_id: Option<String>,
    schema: Option<String>,
    feed: bool,
    file_bytes: i64,
    cdc_bytes: i64,
    has_cdc: bool,
}

impl Commit {
    fn take(&mut self, line: Line) {
        if let Some(info) = line.commit_info {
            self.operation = info.operation.unwrap_or_default();
            self.in_commit_ms = info.in_commit_timestamp;
        }
        if let Some(meta) = line.meta_data {
            let feed = meta.configuration.get("delta.enableChangeDataFeed");
            self.feed = matches!(feed, Some(Some(value)) if value.eq_ignore_ascii_case("true"));
            self.table_id = Some(meta.id);
            self.schema = Some(meta.schema_string);
        }
        for file in [line.add, line.remove]
            .into_iter()
            .flatten()
            .filter(|file| file.data_change)
        {
            self.file_bytes = self
                .file_bytes
                .saturating_add(file.size.unwrap_or(0).max(0));
        }
        if let Some(file) = line.cdc {
            self.has_cdc = true;
            self.cdc_bytes = self.cdc_bytes.saturating_add(file.size.unwrap_or(0).max(0));
        }
    }

    /// A commit with change files is read from those alone.
    fn bytes(&self) -> i64 {
        if self.has_cdc {
            self.cdc_bytes
        } else {
            self.file_bytes
        }
    }
}

fn parse(version: u64, text: &[u8]) -> Result<Commit> {
    let mut commit = Commit::default();
    for line in text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
    {
        let line = serde_json::from_slice(line).map_err(|e| {
            Failure::new(
                Code::Corrupt,
                format!("commit {version} of the log is not readable: {e}"),
            )
        })?;
        commit.take(line);
    }
    Ok(commit)
}

struct State {
    schema: Option<StructType>, // None: one that cannot be parsed; never equal to anything
    feed: bool,
}

impl State {
    fn before(table: &Table, first: i64, cancel: &CancelRef) -> Result<State> {
        let snapshot = table.snapshot(first, cancel)?;
        let config = snapshot.table_configuration();
        Ok(State {
            schema: config.metadata().parse_schema().ok(),
            feed: config.is_feature_enabled(&TableFeature::ChangeDataFeed),
        })
    }

    /// Whether the schema is another one after `commit`.
    fn apply(&mut self, commit: &Commit) -> bool {
        let Some(text) = &commit.schema else {
            return false;
        };
        let schema = serde_json::from_str::<StructType>(text).ok();
        let changed = schema.is_none() || schema != self.schema;
        self.schema = schema;
        self.feed = commit.feed;
        changed
    }
}

fn read_text(table: &Table, version: u64, cancel: &CancelRef) -> Result<(Bytes, i64)> {
    let path = table.commit_path(version)?;
    let read = async {
        let result = table.store().get(&path).await?;
        let modified = result.meta.last_modified.timestamp_millis();
        Ok::<_, object_store::Error>((result.bytes().await?, modified))
    };
    runtime::wait(cancel, read)?.map_err(|e| from_store(&e, Doing::Reading))
}

pub fn fingerprint(table: &Table, version: i64, cancel: &CancelRef) -> Result<[u8; 32]> {
    let (text, _) = read_text(table, check(version)?, cancel)?;
    let mut found = [0; 32];
    found.copy_from_slice(digest(&SHA256, &text).as_ref());
    Ok(found)
}

/// In milliseconds since 1970.
pub fn commit_time(table: &Table, version: i64, cancel: &CancelRef) -> Result<i64> {
    let latest = table.latest_snapshot(cancel)?;
    let (text, modified) = read_text(table, check(version)?, cancel)?;
    if !latest
        .table_configuration()
        .is_feature_enabled(&TableFeature::InCommitTimestamp)
    {
        return Ok(modified);
    }
    Ok(parse(version as u64, &text)?
        .in_commit_ms
        .unwrap_or(modified))
}

fn check(version: i64) -> Result<u64> {
    u64::try_from(version).map_err(|_| Failure::invalid(format!("version {version} is negative")))
}

pub fn read(
    table: &Table,
    first: i64,
    last: i64,
    byte_limit: u64,
    cancel: &CancelRef,
) -> Result<Box<CHistory>> {
    let mut state = State::before(table, first, cancel)?;
    let (mut commits, mut texts) = (Vec::new(), Vec::new());
    let mut sum = 0u64;
    for version in first..=last {
        let (text, _) = read_text(table, version as u64, cancel)?;
        let commit = parse(version as u64, &text)?;
        let schema_changed = state.apply(&commit) && version != first;
        let mut hold = |text: &str| {
            let held = c_string(text);
            let address = held.as_ptr();
            texts.push(held);
            address
        };
        commits.push(CCommit {
            version,
            bytes: commit.bytes(),
            operation: hold(&commit.operation),
            new_table_id: commit
                .table_id
                .as_deref()
                .map_or(std::ptr::null(), &mut hold),
            schema_changed: schema_changed as u8,
            change_feed: state.feed as u8,
        });
        sum = sum.saturating_add(commit.bytes() as u64);
        if byte_limit > 0 && sum > byte_limit {
            break;
        }
    }
    Ok(Box::new(CHistory {
        count: commits.len(),
        commits: commits.as_ptr(),
        owned: (commits, texts),
    }))
}

#[cfg(test)]
#[path = "history_test.rs"]
mod tests;
