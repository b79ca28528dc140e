use super::*;
use crate::error::Code;

fn table() -> StructType {
    let field = |name: &str, data_type: DataType| StructField::nullable(name, data_type);
    StructType::try_new([
        field("body", DataType::STRING),
        field("flag", DataType::BOOLEAN),
        field("region", DataType::STRING),
        field("id", DataType::LONG),
        field("_change_type", DataType::STRING),
        field("_commit_version", DataType::LONG),
    ])
    .unwrap()
}

fn read(columns: &[&str], is_feed: bool) -> (Vec<String>, usize) {
    let columns: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
    let projection = project(&table(), &["region".to_string()], &columns, is_feed).unwrap();
    let names = projection
        .read
        .fields()
        .map(|field| field.name().clone())
        .collect();
    (names, projection.wanted)
}

#[test]
fn columns_come_in_the_order_they_are_asked_for() {
    assert_eq!(
        read(&["id", "body"], false),
        (vec!["id".into(), "body".into()], 2)
    );
}

#[test]
fn partition_columns_alone_bring_the_cheapest_other_one() {
    assert_eq!(
        read(&["region"], false),
        (vec!["region".into(), "flag".into()], 1)
    );
    let (names, wanted) = read(&["_change_type", "_commit_version"], true);
    assert_eq!((names.last().unwrap().as_str(), wanted), ("flag", 2));
}

#[test]
fn a_feed_is_never_read_without_its_type_of_change() {
    assert_eq!(
        read(&["id"], true),
        (vec!["id".into(), "_change_type".into()], 1)
    );
}

#[test]
fn what_is_not_there_or_twice_is_refused() {
    let refuse = |columns: &[&str]| {
        let columns: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
        project(&table(), &[], &columns, false).unwrap_err()
    };
    assert_eq!(refuse(&["nope"]).message, "no column 'nope'");
    assert_eq!(
        refuse(&["id", "id"]).message,
        "column 'id' is asked for twice"
    );
    assert_eq!(refuse(&[]).code, Code::InvalidArgument);
    let only_partitions =
        StructType::try_new([StructField::nullable("p", DataType::LONG)]).unwrap();
    let failure = project(&only_partitions, &["p".into()], &["p".into()], false).unwrap_err();
    assert_eq!(failure.code, Code::Unsupported);
}
