use super::*;

fn commit(lines: &[&str]) -> Commit {
    parse(3, lines.join("\n").as_bytes()).unwrap()
}

#[test]
fn change_files_count_alone() {
    let add = r#"{"add":{"path":"a","size":100,"dataChange":true,"stats":"{\"x\":1}"}}"#;
    let remove = r#"{"remove":{"path":"b","size":40,"dataChange":true}}"#;
    assert_eq!(commit(&[add, remove]).bytes(), 140);
    let cdc = r#"{"cdc":{"path":"c","size":7,"dataChange":false}}"#;
    assert_eq!(commit(&[add, remove, cdc]).bytes(), 7);
}

#[test]
fn maintenance_costs_nothing_and_sizes_may_be_missing_or_wrong() {
    assert_eq!(
        commit(&[r#"{"add":{"size":100,"dataChange":false}}"#]).bytes(),
        0
    );
    assert_eq!(
        commit(&[r#"{"remove":{"path":"b"}}"#, r#"{"add":{"size":-5}}"#]).bytes(),
        0
    );
    let huge = format!(r#"{{"add":{{"size":{}}}}}"#, i64::MAX);
    assert_eq!(commit(&[&huge, &huge]).bytes(), i64::MAX);
}

#[test]
fn metadata_switches_the_feed() {
    let meta = |configuration: &str| {
        let line = format!(
            r#"{{"metaData":{{"id":"t","schemaString":"{{}}","configuration":{configuration}}}}}"#
        );
        commit(&[&line])
    };
    assert!(meta(r#"{"delta.enableChangeDataFeed":"TRUE"}"#).feed);
    assert!(!meta(r#"{"delta.enableChangeDataFeed":"false"}"#).feed);
    assert!(!meta(r#"{"delta.enableChangeDataFeed":null}"#).feed);
    assert!(!meta("{}").feed);
    assert_eq!(meta("{}").table_id.as_deref(), Some("t"));
}

#[test]
fn a_state_tells_another_schema_from_the_same() {
    let schema = |name: &str| {
        format!(
            r#"{{"type":"struct","fields":[{{"name":"{name}","type":"long","nullable":true,"metadata":{{}}}}]}}"#
        )
    };
    let with = |text: &str| Commit {
        schema: Some(text.to_string()),
        feed: true,
        ..Commit::default()
    };
    let mut state = State {
        schema: serde_json::from_str(&schema("a")).ok(),
        feed: false,
    };
    assert!(!state.apply(&Commit::default()));
    assert!(!state.apply(&with(&schema("a"))));
    assert!(state.feed);
    assert!(state.apply(&with(&schema("b"))));
    assert!(!state.apply(&with(&schema("b"))));
    // What cannot be read is equal to nothing, not even itself.
    assert!(state.apply(&with("nonsense")));
    assert!(state.apply(&with("nonsense")));
}

#[test]
fn blank_lines_are_skipped_and_broken_ones_named() {
    assert_eq!(
        commit(&["", "  ", r#"{"commitInfo":{"operation":"WRITE"}}"#, ""]).operation,
        "WRITE"
    );
    let failure = parse(3, b"{\"add\":").unwrap_err();
    assert_eq!(failure.code, Code::Corrupt);
    assert!(
        failure
            .message
            .starts_with("commit 3 of the log is not readable"),
        "{}",
        failure.message
    );
}
