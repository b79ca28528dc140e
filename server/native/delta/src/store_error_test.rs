use super::*;

fn generic(text: &str) -> object_store::Error {
    object_store::Error::Generic {
        store: "S3",
        source: text.to_string().into(),
    }
}

fn code_of(text: &str) -> Code {
    from_store(&generic(text), Doing::Opening).code
}

#[test]
fn a_missing_object_means_another_thing_while_reading() {
    let missing = || object_store::Error::NotFound {
        path: "x".into(),
        source: "y".into(),
    };
    assert_eq!(from_store(&missing(), Doing::Opening).code, Code::NotFound);
    assert_eq!(
        from_store(&missing(), Doing::Reading).code,
        Code::HistoryGone
    );
}

#[test]
fn the_text_of_a_listing_decides() {
    assert_eq!(code_of("<Code>NoSuchBucket</Code>"), Code::NotFound);
    assert_eq!(
        code_of("status code: 403 Forbidden: <Code>AccessDenied</Code>"),
        Code::Permission
    );
    assert_eq!(
        code_of("<Code>SignatureDoesNotMatch</Code>"),
        Code::Permission
    );
    assert_eq!(
        code_of("<Code>AuthorizationHeaderMalformed</Code>"),
        Code::Permission
    );
    assert_eq!(
        code_of("GET http://169.254.169.254/latest/api/token"),
        Code::Permission
    );
    assert_eq!(
        code_of("status code: 416 Range Not Satisfiable"),
        Code::Corrupt
    );
    assert_eq!(
        code_of("status code: 503 Service Unavailable: SlowDown"),
        Code::Retry
    );
    assert_eq!(code_of("connection reset by peer"), Code::Retry);
}

#[test]
fn of_an_answer_only_code_and_message_are_told() {
    let answer = "Error performing list request: <?xml?><Error><Code>SignatureDoesNotMatch</Code>\
                  <Message>The signature\n does not match</Message>\
                  <AWSAccessKeyId>AKIASECRET</AWSAccessKeyId><StringToSign>abc</StringToSign></Error>";
    let failure = from_store(&generic(answer), Doing::Opening);
    assert_eq!(
        failure.message,
        "SignatureDoesNotMatch: The signature does not match"
    );
}

#[test]
fn queries_are_cut_off_because_they_may_grant_access() {
    let text = tell("GET https://a.example/c/docs?sig=topsecret&se=2026: gone");
    assert!(!text.contains("topsecret"), "{text}");
    assert!(text.contains("https://a.example/c/docs"), "{text}");
}

#[derive(Debug)]
struct Chained(&'static str, Option<Box<Chained>>);
impl std::fmt::Display for Chained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}
impl StdError for Chained {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.1.as_deref().map(|e| e as _)
    }
}

#[test]
fn a_request_that_got_no_answer_is_told_with_its_cause() {
    let cause = Chained("Connection refused (os error 111)", None);
    let request = "Error performing GET http://127.0.0.1:1/b?list in 3ms, after 3 retries";
    let source = Box::new(Chained(request, Some(Box::new(cause))));
    let failure = from_store(
        &object_store::Error::Generic {
            store: "S3",
            source,
        },
        Doing::Opening,
    );
    assert_eq!(
        failure.message,
        "GET http://127.0.0.1:1/b: Connection refused (os error 111)"
    );
    assert_eq!(failure.code, Code::Retry);
}
