use super::*;
use crate::error::Code;

fn url(address: &str) -> String {
    table_url(address).unwrap().to_string()
}

#[test]
fn addresses_become_urls_with_a_slash_at_their_end() {
    assert_eq!(url("/data/docs"), "file:///data/docs/");
    assert_eq!(url("/data/docs/"), "file:///data/docs/");
    assert_eq!(url("file:///data/docs"), "file:///data/docs/");
    assert_eq!(url("/a b/c%d"), "file:///a%20b/c%25d/");
    assert_eq!(url("s3://lake/docs"), "s3://lake/docs/");
    assert_eq!(url("s3://lake"), "s3://lake/");
}

#[test]
fn addresses_that_are_none_are_refused() {
    for address in [
        "docs",
        "http://x/y",
        "s3://",
        "s3://k:s@b/x",
        "s3://b/x?y",
        "s3://b/x#y",
        "",
    ] {
        assert_eq!(
            table_url(address).unwrap_err().code,
            Code::InvalidArgument,
            "{address}"
        );
    }
    let told = table_url("s3://AKIA:topsecret@lake/docs")
        .unwrap_err()
        .message;
    assert!(!told.contains("topsecret"), "{told}");
}

#[test]
fn every_known_key_is_taken_and_no_other() {
    for scheme in ["s3", "az", "gs"] {
        let address = format!("{scheme}://bucket/docs");
        for key in storage_keys(scheme).split(',') {
            let given = vec![(key.to_string(), "true".to_string())];
            if let Err(failure) = place(&address, given) {
                assert!(
                    !failure.message.contains("unknown"),
                    "{key}: {}",
                    failure.message
                );
            }
        }
        let failure = place(&address, vec![("regoin".into(), "x".into())])
            .err()
            .unwrap();
        assert!(failure.message.contains("known for"), "{}", failure.message);
    }
    let failure = place("/docs", vec![("region".into(), "x".into())])
        .err()
        .unwrap();
    assert_eq!(
        failure.message,
        "unknown storage option 'region'; a local table has none"
    );
}

#[test]
fn a_folder_the_kernel_would_not_find_again_is_shown_as_a_root() {
    let shown = |path: &str| place(path, vec![]).unwrap().url.to_string();
    assert_eq!(shown("/data/a b"), "file:///data/a%20b/");
    assert_eq!(shown("/data/a%20b"), "file:///");
    assert_eq!(shown("/data/a\\b"), "file:///");
    let placed = place("/data/a%20b", vec![]).unwrap();
    assert_eq!(placed.folder.unwrap(), PathBuf::from("/data/a%20b"));
}
