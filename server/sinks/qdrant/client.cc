#include "sinks/qdrant/client.h"

#include <charconv>
#include <optional>

#include "base/log.h"
#include "base/text_file.h"
#include "core/reasons.h"

namespace drift::qdrant {
namespace {

// A server that was restarted is found again within this time; gRPC's own default is two minutes.
constexpr int kMaxReconnectMs = 1000;
constexpr int kFirstReconnectMs = 100;
// An unanswered connection attempt ends after this time.
constexpr int kConnectTimeoutMs = 5000;
// A peer that vanished without a word is noticed within the sum of these.
constexpr int kKeepaliveMs = 20'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
// An unused connection is given up: a server that shuts down in order waits for those it has.
constexpr int kIdleMs = 30'000;

std::shared_ptr<grpc::ChannelCredentials> Credentials(const Config& config) {
  if (!config.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  if (!config.ca_file.empty()) {
    // An unreadable file leaves the system's authorities: the handshake then says what is wrong.
    if (auto pem = ReadTextFile(config.ca_file); pem.ok()) {
      options.pem_root_certs = *std::move(pem);
    } else {
      LogWarn("certificate authorities cannot be read", {{"file", config.ca_file}});
    }
  }
  return grpc::SslCredentials(options);
}

std::string Target(const Config& config) {
  const bool ipv6 = config.host.find(':') != std::string::npos;
  return fmt::format(fmt::runtime(ipv6 ? "dns:///[{}]:{}" : "dns:///{}:{}"), config.host,
                     config.port);
}

std::shared_ptr<grpc::Channel> Connect(const Config& config) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_CLIENT_IDLE_TIMEOUT_MS, kIdleMs);
  // A channel of its own: equal addresses would share a connection that another pipeline broke.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Proxies are for HTTP; a proxy variable meant for providers must not catch the database.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(Target(config), Credentials(config), arguments);
}

// One line, short enough for a status line.
std::string Brief(const std::string& text) {
  constexpr size_t kMost = 300;
  std::string line = text.substr(0, text.find('\n'));
  if (line.size() > kMost) line = line.substr(0, kMost) + "...";
  return line;
}

std::optional<std::string> Trailer(const grpc::ClientContext& context, const char* name) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find(name);
  if (found == trailers.end()) return std::nullopt;
  return std::string(found->second.data(), found->second.size());
}

bool Says(const grpc::Status& status, std::string_view words) {
  return status.error_message().find(words) != std::string::npos;
}

Status DiskFull(const Config& config, const grpc::Status& status) {
  return WithRemedy(WithReason(ResourceExhausted("{}: the disk is full: {}", config.Server(),
                                                 Brief(status.error_message())),
                               reason::kDiskFull),
                    "free space on the server's disk, then resume the pipeline");
}

Status Throttled(const Config& config, const grpc::Status& status,
                 const grpc::ClientContext& context) {
  constexpr std::chrono::seconds kUnsaid{1};
  std::chrono::seconds wait = kUnsaid;
  if (const auto text = Trailer(context, "retry-after")) {
    int64_t seconds = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (parsed.ec == std::errc() && seconds >= 0) wait = std::chrono::seconds(seconds);
  }
  return WithRetryAfter(
      ResourceExhausted("{}: throttled: {}", config.Server(), Brief(status.error_message())), wait);
}

Status Unreachable(const Config& config, const grpc::Status& status) {
  if (Says(status, "http1.x server")) {
    return FailedPrecondition("{}: the port answers HTTP/1, not gRPC; gRPC usually listens on {}",
                              config.Server(), kGrpcPort);
  }
  return Unavailable("{}: cannot be reached: {}", config.Server(), Brief(status.error_message()));
}

Status Refused(StatusCode code, const Config& config, const grpc::Status& status) {
  return WithRemedy(
      Error(code, "{}: access refused: {}", config.Server(), Brief(status.error_message())),
      config.api_key.empty() ? "name the key in the sink's address: ?api_key=env:QDRANT_API_KEY"
                             : "check the API key the sink's address names");
}

}  // namespace

Status FromGrpc(const Config& config, const grpc::Status& status,
                const grpc::ClientContext& context, const std::stop_token& stop) {
  if (status.ok()) return OkStatus();
  switch (status.error_code()) {
    case grpc::StatusCode::CANCELLED:
      if (stop.stop_requested()) return Cancelled("{}: cancelled", config.Server());
      return Unavailable("{}: the call was broken off", config.Server());
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return DeadlineExceeded("{}: no answer in time: {}", config.Server(),
                              Brief(status.error_message()));
    case grpc::StatusCode::UNAVAILABLE:
      return Unreachable(config, status);
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      if (Trailer(context, "qdrant-insufficient-storage")) return DiskFull(config, status);
      return Throttled(config, status, context);
    case grpc::StatusCode::UNAUTHENTICATED:
      return Refused(StatusCode::kUnauthenticated, config, status);
    case grpc::StatusCode::PERMISSION_DENIED:
      return Refused(StatusCode::kPermissionDenied, config, status);
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::UNKNOWN:
      // Before the marker existed a full disk was told in words only.
      if (Says(status, "No space left on device")) return DiskFull(config, status);
      return Unavailable("{}: error inside the server: {}", config.Server(),
                         Brief(status.error_message()));
    case grpc::StatusCode::NOT_FOUND:
      return NotFound("{}: collection {} does not exist", config.Server(), config.collection);
    default:
      return Error(static_cast<StatusCode>(status.error_code()), "{}: {}", config.Server(),
                   Brief(status.error_message()));
  }
}

Status CheckApplied(const Config& config, const pb::UpdateResult& result) {
  if (result.status() == pb::Completed) return OkStatus();
  return Aborted("{}: the operation was not applied yet (status {})", config.Server(),
                 static_cast<int>(result.status()));
}

Client::Client(Config config, const std::shared_ptr<grpc::Channel>& channel)
    : config_(std::move(config)),
      channel_(channel),
      points_(pb::Points::NewStub(channel)),
      collections_(pb::Collections::NewStub(channel)) {}

Client::Client(Config config) : Client(config, Connect(config)) {}

void Client::Reconnect() const {
  // A broken connection makes progress only while somebody waits on it: calls that fail at once do
  // not, and gRPC itself looks every five seconds.
  constexpr std::chrono::milliseconds kPatience{80};
  if (channel_->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_TRANSIENT_FAILURE) return;
  channel_->WaitForConnected(std::chrono::system_clock::now() + kPatience);
}

void Client::SetUp(grpc::ClientContext& context, std::chrono::seconds timeout) const {
  Reconnect();
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  if (!config_.api_key.empty()) context.AddMetadata("api-key", config_.api_key.Reveal());
}

}  // namespace drift::qdrant
