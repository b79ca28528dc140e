//! Where tables lie: addresses and object stores.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use delta_kernel::object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use delta_kernel::object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use delta_kernel::object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use delta_kernel::object_store::local::LocalFileSystem;
use delta_kernel::object_store::path::Path;
use delta_kernel::object_store::prefix::PrefixStore;
use delta_kernel::object_store::{
    self, BackoffConfig, ClientOptions, DynObjectStore, ObjectStore, RetryConfig,
};
use url::Url;

use crate::error::{Failure, Result};

/// Keys of a table's storage options, per scheme. Nothing else is accepted.
const S3_KEYS: &[(&str, AmazonS3ConfigKey)] = &[
    ("access_key_id", AmazonS3ConfigKey::AccessKeyId),
    ("secret_access_key", AmazonS3ConfigKey::SecretAccessKey),
    ("session_token", AmazonS3ConfigKey::Token),
    ("region", AmazonS3ConfigKey::Region),
    ("endpoint", AmazonS3ConfigKey::Endpoint),
    (
        "virtual_hosted_style",
        AmazonS3ConfigKey::VirtualHostedStyleRequest,
    ),
    ("skip_signature", AmazonS3ConfigKey::SkipSignature),
];
const AZURE_KEYS: &[&str] = &[
    "account_name",
    "account_key",
    "sas_key",
    "client_id",
    "client_secret",
    "tenant_id",
    "endpoint",
    "use_emulator",
    "skip_signature",
];
const GOOGLE_KEYS: &[&str] = &[
    "service_account",
    "service_account_key",
    "application_credentials",
    "base_url",
    "skip_signature",
];
/// For all schemes that speak HTTP.
const ALLOW_HTTP: &str = "allow_http";

const S3_LIST: &str = "access_key_id,secret_access_key,session_token,region,endpoint,allow_http,\
                       virtual_hosted_style,skip_signature";
const AZURE_LIST: &str = "account_name,account_key,sas_key,client_id,client_secret,tenant_id,\
                          endpoint,use_emulator,skip_signature,allow_http";
const GOOGLE_LIST: &str = "service_account,service_account_key,application_credentials,base_url,\
                           skip_signature,allow_http";

/// The keys that options of an address with this scheme may have, separated by commas.
pub fn storage_keys(scheme: &str) -> &'static str {
    match scheme {
        "s3" => S3_LIST,
        "az" => AZURE_LIST,
        "gs" => GOOGLE_LIST,
        _ => "",
    }
}

/// The table's root, with a slash at its end.
fn table_url(address: &str) -> Result<Url> {
    let invalid = |why: &str| Failure::invalid(format!("{address}: {why}"));
    let path = address.strip_prefix("file://").unwrap_or(address);
    if path.starts_with('/') {
        let path = path.trim_end_matches('/');
        return Url::from_directory_path(if path.is_empty() { "/" } else { path })
            .map_err(|()| invalid("not an absolute path"));
    }
    let url = Url::parse(&format!("{}/", address.trim_end_matches('/')))
        .map_err(|_| invalid("neither an absolute path nor a URL"))?;
    match url.scheme() {
        "s3" | "az" | "gs" => {}
        other => {
            return Err(invalid(&format!(
                "unknown scheme '{other}'; known are file, s3, az, gs"
            )))
        }
    }
    if url.host_str().unwrap_or_default().is_empty() {
        return Err(invalid("no bucket after the scheme"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Failure::invalid(
            "credentials do not belong into a table's address; use its storage options",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("'?' and '#' must be written %3F and %23"));
    }
    Ok(url)
}

/// How the kernel is shown a table.
pub struct Place {
    pub url: Url,
    pub store: Arc<DynObjectStore>,
    /// The folder, of a local table.
    pub folder: Option<PathBuf>,
}

/// The kernel makes URLs of the paths that a listing gives it without encoding them, so that a folder
/// called "a%20b" or "a\b" is not found again. Such a table is shown as the root of a store of its own, where that
/// does no harm; files in other places, which shallow clones have, cannot be read from it.
pub fn place(address: &str, options: Vec<(String, String)>) -> Result<Place> {
    let url = table_url(address)?;
    let store = open_store(&url, options)?;
    let folder = if url.scheme() == "file" {
        url.to_file_path().ok()
    } else {
        None
    };
    let path =
        Path::from_url_path(url.path()).map_err(|e| Failure::invalid(format!("{address}: {e}")))?;
    if !path.as_ref().contains(['%', '\\']) {
        return Ok(Place { url, store, folder });
    }
    let mut root = url;
    root.set_path("/");
    Ok(Place {
        url: root,
        store: Arc::new(PrefixStore::new(store, path)),
        folder,
    })
}

/// Few and quick: whoever called tries again later, and says so meanwhile.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(1),
            base: 2.0,
        },
        max_retries: 3,
        retry_timeout: Duration::from_secs(10),
    }
}

/// No bound on a whole request, which may carry a large row group over a slow line, but on silence.
fn client(allow_http: bool) -> ClientOptions {
    ClientOptions::new()
        .with_allow_http(allow_http)
        .with_connect_timeout(Duration::from_secs(3))
        .with_timeout_disabled()
        .with_read_timeout(Duration::from_secs(20))
}

fn flag(key: &str, value: &str) -> Result<bool> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Failure::invalid(format!(
            "storage option '{key}' must be true or false"
        ))),
    }
}

fn take_allow_http(options: &mut Vec<(String, String)>) -> Result<Option<bool>> {
    let Some(at) = options.iter().position(|(key, _)| key == ALLOW_HTTP) else {
        return Ok(None);
    };
    let (key, value) = options.remove(at);
    flag(&key, &value).map(Some)
}

fn unknown(key: &str, scheme: &str) -> Failure {
    let known = storage_keys(scheme).replace(',', ", ");
    Failure::invalid(match known.as_str() {
        "" => format!("unknown storage option '{key}'; a local table has none"),
        _ => format!("unknown storage option '{key}'; known for {scheme} are: {known}"),
    })
}

/// Of the environment only what belongs together: with credentials given by options, its session
/// token or web identity would be somebody else's.
fn s3_environment(own_credentials: bool) -> Vec<(AmazonS3ConfigKey, String)> {
    use AmazonS3ConfigKey as K;
    let is_place = |key: &K| {
        matches!(
            key,
            K::Region | K::DefaultRegion | K::Endpoint | K::S3Endpoint
        )
    };
    std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name
                .to_str()?
                .strip_prefix("AWS_")
                .map(|rest| format!("aws_{}", rest.to_ascii_lowercase()))?;
            let key: K = name.parse().ok()?;
            (!own_credentials || is_place(&key)).then_some((key, value.to_str()?.to_string()))
        })
        .collect()
}

/// Building a store asks nobody: what is wrong is an option.
fn opened<T: ObjectStore>(store: object_store::Result<T>) -> Result<Arc<DynObjectStore>> {
    match store {
        Ok(store) => Ok(Arc::new(store)),
        Err(object_store::Error::Generic { source, .. }) => {
            Err(Failure::invalid(source.to_string()))
        }
        Err(error) => Err(Failure::invalid(error.to_string())),
    }
}

fn s3_store(url: &Url, mut options: Vec<(String, String)>) -> Result<Arc<DynObjectStore>> {
    let given = |name: &str| options.iter().any(|(key, _)| key == name);
    if given("access_key_id") != given("secret_access_key") {
        return Err(Failure::invalid(
            "access_key_id and secret_access_key must be given together",
        ));
    }
    let own_credentials = given("access_key_id") || given("skip_signature");
    let env_http = std::env::var("AWS_ALLOW_HTTP").is_ok_and(|value| value == "true");
    let allow_http = take_allow_http(&mut options)?.unwrap_or(env_http);
    let mut builder = AmazonS3Builder::new();
    for (key, value) in s3_environment(own_credentials) {
        builder = builder.with_config(key, value);
    }
    for (key, value) in &options {
        let Some((_, config)) = S3_KEYS.iter().find(|(name, _)| name == key) else {
            return Err(unknown(key, "s3"));
        };
        if matches!(key.as_str(), "virtual_hosted_style" | "skip_signature") {
            flag(key, value)?;
        }
        if key == "endpoint" && value.starts_with("http://") && !allow_http {
            return Err(Failure::invalid(
                "storage option 'endpoint' is not https; set allow_http: true if that is meant",
            ));
        }
        builder = builder.with_config(*config, value);
    }
    let store = builder
        .with_bucket_name(url.host_str().unwrap_or_default())
        .with_retry(retry())
        .with_client_options(client(allow_http))
        .build();
    opened(store)
}

fn azure_store(url: &Url, mut options: Vec<(String, String)>) -> Result<Arc<DynObjectStore>> {
    let allow_http = take_allow_http(&mut options)?.unwrap_or(false);
    let mut builder = MicrosoftAzureBuilder::from_env();
    for (key, value) in &options {
        let config: AzureConfigKey = match AZURE_KEYS.contains(&key.as_str()) {
            true => key.parse().map_err(|_| unknown(key, "az"))?,
            false => return Err(unknown(key, "az")),
        };
        builder = builder.with_config(config, value);
    }
    let store = builder
        .with_container_name(url.host_str().unwrap_or_default())
        .with_retry(retry())
        .with_client_options(client(allow_http))
        .build();
    opened(store)
}

fn google_store(url: &Url, mut options: Vec<(String, String)>) -> Result<Arc<DynObjectStore>> {
    let allow_http = take_allow_http(&mut options)?.unwrap_or(false);
    let mut builder = GoogleCloudStorageBuilder::from_env();
    for (key, value) in &options {
        let config: GoogleConfigKey = match GOOGLE_KEYS.contains(&key.as_str()) {
            true => key.parse().map_err(|_| unknown(key, "gs"))?,
            false => return Err(unknown(key, "gs")),
        };
        builder = builder.with_config(config, value);
    }
    let store = builder
        .with_bucket_name(url.host_str().unwrap_or_default())
        .with_retry(retry())
        .with_client_options(client(allow_http))
        .build();
    opened(store)
}

fn open_store(url: &Url, options: Vec<(String, String)>) -> Result<Arc<DynObjectStore>> {
    match url.scheme() {
        "s3" => s3_store(url, options),
        "az" => azure_store(url, options),
        "gs" => google_store(url, options),
        _ => match options.first() {
            Some((key, _)) => Err(unknown(key, "file")),
            None => Ok(Arc::new(LocalFileSystem::new())),
        },
    }
}

#[cfg(test)]
#[path = "storage_test.rs"]
mod tests;
