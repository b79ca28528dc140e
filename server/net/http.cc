#include "net/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <functional>

#include "base/mutex.h"

namespace drift {
namespace {

constexpr char kMaybeSentUrl[] = "drift/maybe-sent";
// The longest one poll waits. Nothing depends on it: a stop wakes the poll.
constexpr int kPollMillis = 1000;
constexpr size_t kMaxHeaderBytes = 256u << 10;

// libcurl wants to be set up once, before any thread uses it.
void SetUpCurl() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_ALL);
  (void)code;
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// host[:port] of a URL for messages, without user, path and query.
std::string HostOf(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const size_t user = url.rfind('@');
  if (user != std::string_view::npos) url.remove_prefix(user + 1);
  return std::string(url);
}

// What one transfer collects. curl's callbacks see it through a pointer.
struct Transfer {
  const HttpRequest& request;
  size_t sent = 0;  // of the body, handed to curl
  size_t header_bytes = 0;
  bool too_large = false;
  HttpResponse response;
};

size_t OnRead(char* out, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string& body = transfer.request.body;
  const size_t n = std::min(size * count, body.size() - transfer.sent);
  std::copy_n(body.data() + transfer.sent, n, out);
  transfer.sent += n;
  return n;
}

// curl sends a request again by itself when a kept connection turns out to be dead. Before any of
// the body was read that does no harm; afterwards the server may have acted on it, and one attempt
// is what was asked for.
int OnSeek(void* user, curl_off_t offset, int origin) {
  const auto& transfer = *static_cast<Transfer*>(user);
  const bool at_start = transfer.sent == 0 && offset == 0 && origin == SEEK_SET;
  return at_start ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

size_t OnBody(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const size_t n = size * count;
  if (transfer.response.body.size() + n > transfer.request.max_response_bytes) {
    transfer.too_large = true;
    return 0;
  }
  transfer.response.body.append(data, n);
  return n;
}

size_t OnHeader(char* data, size_t size, size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.header_bytes += line.size();
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.too_large = true;
    return 0;
  }
  // A status line starts the headers anew: what came before belonged to a 100 Continue.
  if (line.starts_with("HTTP/")) transfer.response.headers = {};
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    transfer.response.headers.Add(std::string(line.substr(0, colon)),
                                  std::string(Trim(line.substr(colon + 1))));
  }
  return line.size();
}

Status CheckRequest(const HttpRequest& request) {
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
    return InvalidArgument("a URL must start with http:// or https://");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  for (const auto& [name, value] : request.headers.all()) {
    if (std::any_of(value.begin(), value.end(), is_control)) {
      return InvalidArgument("the value of header {} holds a line break or control character",
                             name);
    }
  }
  return OkStatus();
}

struct SlistFree {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Slist = std::unique_ptr<curl_slist, SlistFree>;

Slist MakeHeaderList(const HttpRequest& request) {
  curl_slist* list = nullptr;
  for (const auto& [name, value] : request.headers.all()) {
    // curl takes "Name;" for a header without a value.
    const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    list = curl_slist_append(list, line.c_str());
  }
  // Without this curl waits a second for a 100 Continue before a large body.
  list = curl_slist_append(list, "Expect:");
  return Slist(list);
}

Status TransportError(CURLcode code, const char* detail, const std::string& host) {
  const std::string_view what = *detail != '\0' ? detail : curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
      return InvalidArgument("{}: the URL is malformed", host);
    case CURLE_OPERATION_TIMEDOUT:
      return DeadlineExceeded("{}: no answer in time ({})", host, what);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return FailedPrecondition("{}: its TLS certificate is not trusted ({})", host, what);
    // The scheme was checked, so this one is said of an answer without a status line.
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Aborted("{}: the answer is no HTTP ({})", host, what);
    case CURLE_SEND_FAIL_REWIND:
      return Unavailable("{}: the connection was closed before an answer came", host);
    case CURLE_OUT_OF_MEMORY:
    case CURLE_BAD_FUNCTION_ARGUMENT:
    case CURLE_UNKNOWN_OPTION:
    case CURLE_FAILED_INIT:
      return Internal("{}: {}", host, what);
    default:
      return Unavailable("{}: {}", host, what);
  }
}

}  // namespace

void HttpHeaders::Add(std::string name, std::string value) {
  all_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> HttpHeaders::Find(std::string_view name) const {
  for (const auto& [other, value] : all_) {
    if (EqualIgnoringCase(name, other)) return value;
  }
  return std::nullopt;
}

bool MaybeSent(const Status& error) {
  return error.GetPayload(kMaybeSentUrl).has_value();
}

// One transfer at a time, with a multi handle of its own: that is what can be woken from elsewhere,
// and what holds the connections.
class HttpClient::Session {
 public:
  explicit Session(const HttpOptions& options)
      : options_(options), multi_(curl_multi_init()), easy_(curl_easy_init()) {}
  ~Session() {
    curl_easy_cleanup(easy_);
    curl_multi_cleanup(multi_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  StatusOr<HttpResponse> Send(const HttpRequest& request, const std::stop_token& stop) {
    if (multi_ == nullptr || easy_ == nullptr) return Internal("curl: out of memory");
    const Slist headers = MakeHeaderList(request);
    Transfer transfer{request};
    SetUp(transfer, headers.get());
    curl_multi_add_handle(multi_, easy_);
    const auto code = Drive(stop);
    Status status = Outcome(transfer, code);
    curl_multi_remove_handle(multi_, easy_);
    if (!status.ok()) return status;
    return std::move(transfer.response);
  }

 private:
  template <typename T>
  void Set(CURLoption option, T value) {
    curl_easy_setopt(easy_, option, value);
  }

  void SetUp(Transfer& transfer, curl_slist* headers) {
    const HttpRequest& request = transfer.request;
    curl_easy_reset(easy_);
    error_[0] = '\0';
    Set(CURLOPT_ERRORBUFFER, error_);
    Set(CURLOPT_URL, request.url.c_str());
    Set(CURLOPT_PROTOCOLS_STR, "http,https");
    Set(CURLOPT_HTTPHEADER, headers);
    Set(CURLOPT_USERAGENT, options_.user_agent.c_str());
    // One request per connection at a time is all that is wanted of it.
    Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_NOSIGNAL, 1L);
    // A name that is still being looked up must not hold up a cancelled call.
    Set(CURLOPT_QUICK_EXIT, 1L);
    Set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<int64_t>(1, request.timeout.count())));
    Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    Set(CURLOPT_MAXAGE_CONN, static_cast<long>(options_.max_idle.count()));
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    Set(CURLOPT_SSL_VERIFYPEER, options_.verify_tls ? 1L : 0L);
    Set(CURLOPT_SSL_VERIFYHOST, options_.verify_tls ? 2L : 0L);
    Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) Set(CURLOPT_CAINFO, options_.ca_file.c_str());
    Set(CURLOPT_WRITEFUNCTION, &OnBody);
    Set(CURLOPT_WRITEDATA, &transfer);
    Set(CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(CURLOPT_HEADERDATA, &transfer);
    if (request.method == HttpRequest::Method::kPost) {
      Set(CURLOPT_POST, 1L);
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      Set(CURLOPT_READFUNCTION, &OnRead);
      Set(CURLOPT_READDATA, &transfer);
      Set(CURLOPT_SEEKFUNCTION, &OnSeek);
      Set(CURLOPT_SEEKDATA, &transfer);
    }
  }

  // Turns the wheel until the transfer is done; nullopt when stopped before.
  std::optional<CURLcode> Drive(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi_); });
    for (;;) {
      int running = 0;
      if (curl_multi_perform(multi_, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      int left = 0;
      while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) return message->data.result;
      }
      if (stop.stop_requested()) return std::nullopt;
      if (curl_multi_poll(multi_, nullptr, 0, kPollMillis, nullptr) != CURLM_OK) {
        return CURLE_FAILED_INIT;
      }
    }
  }

  Status Outcome(Transfer& transfer, std::optional<CURLcode> code) {
    const std::string host = HostOf(transfer.request.url);
    Status status;
    if (!code) {
      status = Cancelled("{}: the request was cancelled", host);
    } else if (transfer.too_large) {
      status = Aborted("{}: the answer is larger than {} bytes", host,
                       transfer.request.max_response_bytes);
    } else if (*code != CURLE_OK) {
      status = TransportError(*code, error_, host);
    } else {
      long answered = 0;
      curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &answered);
      transfer.response.status = static_cast<int>(answered);
    }
    if (!status.ok() && BodyLeft(transfer)) {
      status.SetPayload(kMaybeSentUrl, absl::Cord("1"));
    }
    return status;
  }

  // Whether the last byte of the request may have left: a server does nothing with part of a body.
  bool BodyLeft(const Transfer& transfer) {
    long issued = 0;  // bytes of request lines, headers and bodies written to the connection
    curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &issued);
    return issued > 0 && transfer.sent == transfer.request.body.size();
  }

  const HttpOptions& options_;
  CURLM* const multi_;
  CURL* const easy_;
  char error_[CURL_ERROR_SIZE] = {};
};

struct HttpClient::Pool {
  Mutex mu;
  // The one used last comes first, so that its connection is likely to be alive.
  std::vector<std::unique_ptr<Session>> idle GUARDED_BY(mu);
};

// A session out of the pool, put back at the end.
class HttpClient::Lease {
 public:
  Lease(Pool& pool, const HttpOptions& options) : pool_(pool) {
    {
      MutexLock lock(pool_.mu);
      if (!pool_.idle.empty()) {
        session_ = std::move(pool_.idle.back());
        pool_.idle.pop_back();
      }
    }
    if (session_ == nullptr) session_ = std::make_unique<Session>(options);
  }
  ~Lease() {
    MutexLock lock(pool_.mu);
    pool_.idle.push_back(std::move(session_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  Session& session() { return *session_; }

 private:
  Pool& pool_;
  std::unique_ptr<Session> session_;
};

HttpClient::HttpClient(HttpOptions options)
    : options_(std::move(options)), pool_(std::make_unique<Pool>()) {
  SetUpCurl();
}

HttpClient::~HttpClient() = default;

StatusOr<HttpResponse> HttpClient::Send(const HttpRequest& request, const std::stop_token& stop) {
  RETURN_IF_ERROR(CheckRequest(request));
  if (stop.stop_requested()) return Cancelled("{}: the request was cancelled", HostOf(request.url));
  Lease lease(*pool_, options_);
  return lease.session().Send(request, stop);
}

}  // namespace drift
