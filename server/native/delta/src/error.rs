//! What went wrong, in the terms of the C header; one function maps the kernel's errors to them.

use delta_kernel::{object_store, KernelError};
use std::error::Error as StdError;

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

/// The text between <tag> and </tag>: what S3 and its like answer with.
fn xml_element<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{tag}>"))? + tag.len() + 2;
    let end = start + text[start..].find(&format!("</{tag}>"))?;
    Some(&text[start..end])
}

/// Errors of a store repeat the server's whole answer, which may hold key ids and what was signed:
/// only its code and message are shown.
fn store_text(text: &str) -> String {
    match (xml_element(text, "Code"), xml_element(text, "Message")) {
        (Some(code), Some(message)) => one_line(&format!("{code}: {message}")),
        (Some(code), None) => one_line(code),
        _ => one_line(text),
    }
}

fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn StdError + 'static)| {
        StdError::source(*e)
    })
}

/// The store's own error inside `error`, however deep.
fn store_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a object_store::Error> {
    chain(error).find_map(|e| {
        // Some wrappers put it behind a Box or an Arc, which hide it from downcast_ref.
        e.downcast_ref::<object_store::Error>().or_else(|| {
            e.downcast_ref::<Box<object_store::Error>>()
                .map(|b| b.as_ref())
        })
    })
}

fn io_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a std::io::Error> {
    chain(error).find_map(|e| e.downcast_ref::<std::io::Error>())
}

const DENIED: &[&str] = &[
    "AccessDenied",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "InvalidToken",
    "ExpiredToken",
    "403 Forbidden",
    "401 Unauthorized",
    "InvalidClientTokenId",
    "AuthenticationFailed",
    "AuthorizationFailure",
];
const NO_CREDENTIALS: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
    "metadata instance",
];
const NO_BUCKET: &[&str] = &[
    "NoSuchBucket",
    "ContainerNotFound",
    "The specified bucket does not exist",
];
const BEYOND_END: &[&str] = &[
    "InvalidRange",
    "416 Range Not Satisfiable",
    "was out of bounds",
    "Requested range was invalid",
    "Out of range",
];

fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn gone_or_missing(doing: Doing) -> Code {
    if doing == Doing::Opening {
        Code::NotFound
    } else {
        Code::HistoryGone
    }
}

pub fn from_store(error: &object_store::Error, doing: Doing) -> Failure {
    use object_store::Error as E;
    // LIST answers with Generic whatever the status was: only the text tells.
    let text = error.to_string();
    let full = format!(
        "{text} {}",
        chain(error)
            .map(|e| e.to_string())
            .collect::<Vec<_>>()
            .join(" ")
    );
    let code = match error {
        E::NotFound { .. } => gone_or_missing(doing),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => Code::Permission,
        E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => Code::InvalidArgument,
        E::AlreadyExists { .. } | E::Precondition { .. } => Code::Conflict,
        _ if has_any(&full, NO_BUCKET) => Code::NotFound,
        _ if has_any(&full, DENIED) => Code::Permission,
        _ if has_any(&full, NO_CREDENTIALS) => {
            let message = "no credentials: none in the storage options, none in the environment, \
                           and this machine has no role";
            return Failure {
                kind: "NoCredentials".into(),
                ..Failure::new(Code::Permission, message)
            };
        }
        _ if has_any(&full, BEYOND_END) => Code::Corrupt,
        _ if io_error(error).is_some_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied) => {
            Code::Permission
        }
        _ => Code::Retry,
    };
    let mut failure = Failure::new(code, store_text(&full_or_text(&text, &full)));
    failure.kind = variant_name(error);
    failure
}

/// The XML answer may be in a source only; otherwise the error's own text says all.
fn full_or_text(text: &str, full: &str) -> String {
    if full.contains("<Code>") {
        full.to_string()
    } else {
        text.to_string()
    }
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
fn variant_name(error: &impl std::fmt::Debug) -> String {
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
    Failure::new(code, store_text(text))
}

#[cfg(test)]
#[path = "error_test.rs"]
mod tests;
