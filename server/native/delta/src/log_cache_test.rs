use super::*;
use delta_kernel::object_store::memory::InMemory;
use delta_kernel::object_store::ObjectStoreExt as _;

use crate::runtime::handle;

const COMMIT: &str = "t/_delta_log/00000000000000000007.json";

fn path(text: &str) -> Path {
    Path::from(text)
}

fn put(store: &InMemory, at: &str, text: &str) {
    let text = text.as_bytes().to_vec();
    handle()
        .block_on(store.put(&path(at), text.into()))
        .unwrap();
}

fn get(cache: &LogCache, at: &str) -> Result<String> {
    handle().block_on(async {
        let bytes = cache.get(&path(at)).await?.bytes().await?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    })
}

#[test]
fn only_commits_are_kept() {
    assert!(is_commit(&path(COMMIT)));
    assert!(is_commit(&path("_delta_log/00000000000000000000.json")));
    for other in [
        "t/_delta_log/_last_checkpoint",
        "t/_delta_log/00000000000000000007.checkpoint.parquet",
        "t/_delta_log/00000000000000000007.crc",
        "t/_delta_log/0000000007.json",
        "t/_delta_log/00000000000000000001.00000000000000000004.compacted.json",
        "t/_staged/00000000000000000007.json",
    ] {
        assert!(!is_commit(&path(other)), "{other}");
    }
}

#[test]
fn a_text_is_fetched_once_until_all_is_forgotten() {
    let store = Arc::new(InMemory::new());
    let cache = LogCache::new(store.clone(), 1000);
    put(&store, COMMIT, "one");
    assert_eq!(get(&cache, COMMIT).unwrap(), "one");
    put(&store, COMMIT, "two");
    assert_eq!(get(&cache, COMMIT).unwrap(), "one");
    let head = handle().block_on(cache.head(&path(COMMIT))).unwrap();
    assert_eq!(
        head.e_tag,
        handle().block_on(store.head(&path(COMMIT))).unwrap().e_tag
    );
    cache.clear();
    assert_eq!(get(&cache, COMMIT).unwrap(), "two");
}

#[test]
fn memory_is_bounded_and_large_texts_pass_through() {
    let store = Arc::new(InMemory::new());
    let cache = LogCache::new(store.clone(), 100);
    for version in 0..20 {
        let at = format!("_delta_log/{version:020}.json");
        put(&store, &at, &"x".repeat(25));
        get(&cache, &at).unwrap();
    }
    assert_eq!(cache.kept.lock().unwrap().bytes, 100);
    assert_eq!(cache.kept.lock().unwrap().texts.len(), 4);
    put(&store, COMMIT, &"y".repeat(26));
    assert_eq!(get(&cache, COMMIT).unwrap().len(), 26);
    assert!(cache.find(&path(COMMIT)).is_none());
}

#[test]
fn a_part_of_a_text_is_not_taken_for_the_whole() {
    let store = Arc::new(InMemory::new());
    let cache = LogCache::new(store.clone(), 1000);
    put(&store, COMMIT, "0123456789");
    let part = handle()
        .block_on(cache.get_range(&path(COMMIT), 2..4))
        .unwrap();
    assert_eq!(part.as_ref(), b"23");
    assert!(cache.find(&path(COMMIT)).is_none());
}

#[test]
fn what_is_not_there_is_looked_for_again() {
    let store = Arc::new(InMemory::new());
    let cache = LogCache::new(store.clone(), 1000);
    assert!(get(&cache, COMMIT).is_err());
    put(&store, COMMIT, "now");
    assert_eq!(get(&cache, COMMIT).unwrap(), "now");
}
