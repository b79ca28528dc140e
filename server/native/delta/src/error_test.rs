use super::*;
use delta_kernel::object_store;

fn code(error: KernelError, doing: Doing) -> Code {
    from_kernel(error, doing).code
}

#[test]
fn history_that_is_gone_says_what_is_left() {
    let failure = from_kernel(
        KernelError::StartVersionNotFound {
            requested: 2,
            earliest: 9,
        },
        Doing::Reading,
    );
    assert_eq!((failure.code, failure.version), (Code::HistoryGone, 9));
    assert_eq!(
        code(KernelError::EmptyLog, Doing::Reading),
        Code::HistoryGone
    );
    assert_eq!(
        code(KernelError::MissingVersion(6), Doing::Reading),
        Code::HistoryGone
    );
}

#[test]
fn the_same_while_opening_is_a_missing_or_a_damaged_table() {
    assert_eq!(code(KernelError::EmptyLog, Doing::Opening), Code::NotFound);
    assert_eq!(
        code(KernelError::MissingVersion(2), Doing::Opening),
        Code::Corrupt
    );
    assert_eq!(
        code(KernelError::MissingMetadata, Doing::Opening),
        Code::Corrupt
    );
}

#[test]
fn a_feed_that_is_off_says_where() {
    let failure = from_kernel(KernelError::ChangeDataFeedUnsupported(4), Doing::Reading);
    assert_eq!((failure.code, failure.version), (Code::FeedOff, 4));
}

#[test]
fn schema_changes_come_in_three_forms() {
    let boundary =
        "Failed to build TableChanges: Start and end version schemas are different. Found";
    assert_eq!(
        code(KernelError::generic(boundary), Doing::Reading),
        Code::SchemaChanged
    );
    let inside =
        KernelError::ChangeDataFeedIncompatibleSchema("a".into(), "b (schema at version 7)".into());
    let failure = from_kernel(inside, Doing::Reading);
    assert_eq!((failure.code, failure.version), (Code::SchemaChanged, 7));
    let types = delta_kernel::arrow::error::ArrowError::InvalidArgumentError(
        "Incorrect datatype. Expected Utf8, got Int32".into(),
    );
    assert_eq!(code(types.into(), Doing::Reading), Code::SchemaChanged);
}

#[test]
fn a_vacuumed_file_hides_behind_parquet() {
    let missing = object_store::Error::NotFound {
        path: "p".into(),
        source: "gone".into(),
    };
    let hidden = delta_kernel::parquet::errors::ParquetError::External(Box::new(missing));
    assert_eq!(code(hidden.into(), Doing::Reading), Code::HistoryGone);
    let eof = delta_kernel::parquet::errors::ParquetError::EOF("short".into());
    assert_eq!(code(eof.into(), Doing::Reading), Code::Corrupt);
}

#[test]
fn a_backtrace_changes_nothing() {
    let error = KernelError::missing_column("x").with_backtrace();
    assert_eq!(code(error, Doing::Reading), Code::InvalidArgument);
}

#[test]
fn messages_are_one_line_and_not_endless() {
    assert_eq!(one_line(" a\n  b\tc "), "a b c");
    let long = one_line(&"é".repeat(2000));
    assert!(long.len() <= MAX_MESSAGE + '…'.len_utf8());
    assert!(long.ends_with('…'));
}
