//! What went wrong, in the terms of the C header; one function maps the kernel's errors to them.

use delta_kernel::KernelError;

use crate::store_error::{from_store, gone_or_missing, io_error, store_error, tell};

/// enum dk_code of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Code {
    InvalidArgument = 1,
    NotFound = 2,
    Permission = 3,
    Retry = 4,
    HistoryGone = 5,
    FeedOff = 6,
    SchemaChanged = 7,
    Unsupported = 8,
    Corrupt = 9,
    Cancelled = 10,
    NotYet = 11,
    Conflict = 12,
    Exists = 13,
    Internal = 14,
}

#[derive(Clone, Debug)]
pub struct Failure {
    pub code: Code,
    pub version: i64,
    pub message: String,
    pub kind: String,
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let message = one_line(&message.into());
        Failure {
            code,
            version: -1,
            message,
            kind: String::new(),
        }
    }

    pub fn at(code: Code, version: i64, message: impl Into<String>) -> Self {
        Failure {
            version,
            ..Failure::new(code, message)
        }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Failure::new(Code::InvalidArgument, message)
    }

    pub fn cancelled() -> Self {
        Failure::new(Code::Cancelled, "cancelled")
    }
}

/// What was being done: a missing file means another thing while a table is looked for than while
/// its data are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Loading the latest version.
    Opening,
    /// Loading an older version, a range of commits, or data files.
    Reading,
    Writing,
}

const MAX_MESSAGE: usize = 600;

/// One line without control characters, not too long.
pub fn one_line(text: &str) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > MAX_MESSAGE {
        let end = (0..=MAX_MESSAGE)
            .rev()
            .find(|i| line.is_char_boundary(*i))
            .unwrap_or(0);
        line.truncate(end);
        line.push('…');
    }
    line
}

fn from_io(error: &std::io::Error, doing: Doing) -> Failure {
    let code = match error.kind() {
        std::io::ErrorKind::NotFound => gone_or_missing(doing),
        std::io::ErrorKind::PermissionDenied => Code::Permission,
        std::io::ErrorKind::UnexpectedEof | std::io::ErrorKind::InvalidData => Code::Corrupt,
        _ => Code::Retry,
    };
    Failure::new(code, error.to_string())
}

/// "Generic(\"...\")" → "Generic".
pub fn variant_name(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_string()
}

/// "...schema at version 7..." → 7.
fn version_in(text: &str) -> i64 {
    const MARK: &str = "schema at version ";
    let Some(at) = text.find(MARK) else { return -1 };
    let digits: String = text[at + MARK.len()..]
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(-1)
}

/// THE mapping. `error` is looked at without its backtrace; its cause, which the variants for
/// Parquet and the object store hide from source(), decides where there is one.
pub fn from_kernel(error: KernelError, doing: Doing) -> Failure {
    use KernelError as E;
    let error = error.without_backtrace();
    let text = error.to_string();
    let make = |code, version| Failure::at(code, version, text.clone());
    let mut failure = match error {
        E::Cancelled => Failure::cancelled(),
        E::FileNotFound(_) => make(gone_or_missing(doing), -1),
        E::EmptyLog => make(gone_or_missing(doing), -1),
        E::InvalidTableLocation(_) => make(Code::NotFound, -1),
        E::InvalidUrl(_) | E::MissingColumn(_) | E::InvalidPartitionValues(_) => {
            make(Code::InvalidArgument, -1)
        }
        E::StartVersionNotFound { earliest, .. } => make(Code::HistoryGone, *earliest as i64),
        // The latest version always has all it needs, unless the log is damaged.
        E::MissingVersion(_)
        | E::MissingMetadata
        | E::MissingProtocol
        | E::MissingMetadataAndProtocol => make(
            if doing == Doing::Opening {
                Code::Corrupt
            } else {
                Code::HistoryGone
            },
            -1,
        ),
        E::ChangeDataFeedUnsupported(version) => make(Code::FeedOff, *version as i64),
        E::ChangeDataFeedIncompatibleSchema(..) => make(Code::SchemaChanged, version_in(&text)),
        E::Generic(message) if message.contains("Start and end version schemas are different") => {
            Failure::new(Code::SchemaChanged, "the schema changes inside the range")
        }
        // A commit that replaced the schema also removes files whose columns are of other types.
        E::Arrow(_) if text.contains("Incorrect datatype") => make(Code::SchemaChanged, -1),
        E::Unsupported(_)
        | E::InvalidProtocol(_)
        | E::InvalidColumnMappingMode(_)
        | E::Schema(_) => make(Code::Unsupported, -1),
        E::MaxCatalogVersion(_) | E::UnpublishedVersion(_) => Failure::new(
            Code::Unsupported,
            "the table is managed by a catalog (feature catalogManaged), which is not supported",
        ),
        E::TableAlreadyExistsAtPath(_) => make(Code::Exists, -1),
        E::FileAlreadyExists(_) => make(Code::Conflict, -1),
        E::ObjectStore(inner) => from_store(inner, doing),
        E::IOError(inner) => from_io(inner, doing),
        other => from_cause(other, doing, &text),
    };
    if failure.kind.is_empty() {
        failure.kind = variant_name(error);
    }
    failure
}

fn from_cause(error: &KernelError, doing: Doing, text: &str) -> Failure {
    if let Some(inner) = store_error(error) {
        return from_store(inner, doing);
    }
    if let KernelError::Parquet(inner) = error {
        if let Some(found) = store_error(inner) {
            return from_store(found, doing);
        }
        if let Some(found) = io_error(inner) {
            return from_io(found, doing);
        }
    }
    let code = match error {
        KernelError::Parquet(_)
        | KernelError::Arrow(_)
        | KernelError::MalformedJson(_)
        | KernelError::DeletionVector(_)
        | KernelError::InvalidCheckpoint(_)
        | KernelError::InvalidLogPath(_)
        | KernelError::InvalidLogSegment(_)
        | KernelError::MissingData(_)
        | KernelError::UnexpectedColumnType(_)
        | KernelError::ParseError(..)
        | KernelError::Utf8Error(_) => Code::Corrupt,
        KernelError::Reqwest(_) => Code::Retry,
        KernelError::GenericError { source } => {
            if let Some(found) = store_error(source.as_ref()) {
                return from_store(found, doing);
            }
            Code::Internal
        }
        KernelError::Generic(message) if message.contains("In-commit timestamp") => Code::Corrupt,
        _ => Code::Internal,
    };
    Failure::new(code, tell(text))
}

#[cfg(test)]
#[path = "error_test.rs"]
mod tests;
