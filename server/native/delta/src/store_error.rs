//! What an object store's errors mean. LIST answers with Generic whatever the server's status was, so
//! the text must be read; and what is told must not repeat what was signed.

use std::error::Error as StdError;

use delta_kernel::object_store;

use crate::error::{one_line, variant_name, Code, Doing, Failure};

/// The text between <tag> and </tag>: what S3 and its like answer with.
fn xml_element<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let start = text.find(&format!("<{tag}>"))? + tag.len() + 2;
    let end = start + text[start..].find(&format!("</{tag}>"))?;
    Some(&text[start..end])
}

/// URLs without their query: it may be long, and in Azure's case hold a signature that grants access.
fn without_queries(text: &str) -> String {
    let word = |word: &str| match (word.contains("://"), word.split_once('?')) {
        (true, Some((address, _))) => address.to_string(),
        _ => word.to_string(),
    };
    text.split_whitespace()
        .map(word)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a store's error comes down to. Of a server's answer only its code and message: the rest
/// repeats key ids and what was signed. Else the request, and the cause at the end of the chain.
fn store_text(texts: &[String]) -> String {
    let all = texts.join(" ");
    let text = match (xml_element(&all, "Code"), xml_element(&all, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_string(),
        _ => {
            let first = texts.first().map_or("", String::as_str);
            let cause = texts.last().map_or("", String::as_str);
            let request = first.rsplit("Error performing ").next().unwrap_or(first);
            match request.split_once(" in ") {
                Some((request, _)) if cause != first => {
                    format!("{}: {cause}", without_queries(request))
                }
                _ => first.to_string(),
            }
        }
    };
    one_line(&without_queries(&text))
}

pub fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn StdError + 'static)| {
        StdError::source(*e)
    })
}

/// The store's own error inside `error`, however deep.
pub fn store_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a object_store::Error> {
    chain(error).find_map(|e| {
        // Some wrappers put it behind a Box or an Arc, which hide it from downcast_ref.
        e.downcast_ref::<object_store::Error>().or_else(|| {
            e.downcast_ref::<Box<object_store::Error>>()
                .map(|b| b.as_ref())
        })
    })
}

pub fn io_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a std::io::Error> {
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
    "AuthorizationHeaderMalformed",
    "PermanentRedirect",
    "RequestTimeTooSkewed",
    "access key ID",
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

pub fn gone_or_missing(doing: Doing) -> Code {
    if doing == Doing::Opening {
        Code::NotFound
    } else {
        Code::HistoryGone
    }
}

pub fn from_store(error: &object_store::Error, doing: Doing) -> Failure {
    use object_store::Error as E;
    // LIST answers with Generic whatever the status was: only the text tells.
    let texts: Vec<String> = chain(error).map(|e| e.to_string()).collect();
    let full = texts.join(" ");
    let code = match error {
        _ if has_any(&full, NO_CREDENTIALS) => {
            let message = "no credentials: none in the storage options, none in the environment, \
                           and this machine has no role";
            return Failure {
                kind: "NoCredentials".into(),
                ..Failure::new(Code::Permission, message)
            };
        }
        E::NotFound { .. } => gone_or_missing(doing),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => Code::Permission,
        E::InvalidPath { .. } | E::UnknownConfigurationKey { .. } => Code::InvalidArgument,
        E::AlreadyExists { .. } | E::Precondition { .. } => Code::Conflict,
        _ if has_any(&full, NO_BUCKET) => Code::NotFound,
        _ if has_any(&full, DENIED) => Code::Permission,
        _ if has_any(&full, BEYOND_END) => Code::Corrupt,
        _ if io_error(error).is_some_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied) => {
            Code::Permission
        }
        _ => Code::Retry,
    };
    Failure {
        kind: variant_name(error),
        ..Failure::new(code, store_text(&texts))
    }
}

/// The message of a store's error that comes as text only.
pub fn tell(text: &str) -> String {
    store_text(&[text.to_string()])
}

#[cfg(test)]
#[path = "store_error_test.rs"]
mod tests;
