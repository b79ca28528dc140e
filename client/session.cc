#include "client/session.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ostream>
#include <utility>

#include "client/print.h"
#include "client/text_width.h"

namespace drift::client {
namespace {

using Clock = std::chrono::system_clock;

constexpr auto kConnectPatience = std::chrono::seconds(5);
constexpr auto kShortPatience = std::chrono::seconds(30);
constexpr int kMaxMessageBytes = 256 << 20;
constexpr char kDefaultPort[] = ":7433";
// Travels in Status::error_details(), which the daemon does not use.
constexpr char kUnreachableMark[] = "unreachable";

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  // A proxy of the environment is for the web, not for the daemon.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetUserAgentPrefix("driftctl");
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

std::string WithPort(const std::string& server) {
  const size_t colon = server.rfind(':');
  const bool has_port = colon != std::string::npos && server.find(']', colon) == std::string::npos;
  return has_port ? server : server + kDefaultPort;
}

// gRPC's words for why a connection failed are long; these are what matters in them.
std::string WhyUnreachable(const std::string& message) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kCauses = {
      {{"Connection refused", "connection refused"},
       {"DNS resolution failed", "no such host"},
       {"Name or service not known", "no such host"},
       {"No route to host", "no route to it"},
       {"Network is unreachable", "the network is unreachable"},
       {"http1.x", "what listens there does not speak gRPC; is it the daemon's HTTP port?"},
       {"Missing expected SETTINGS", "what listens there does not speak gRPC"},
       {"Connection reset", "the connection was cut"},
       {"Socket closed", "the connection was cut"},
       {"Broken pipe", "the connection was cut"},
       {"GOAWAY", "it is stopping"},
       {"Cancelling all calls", "it is stopping"},
       {"timed out", "no answer"}}};
  for (const auto& [pattern, cause] : kCauses) {
    if (message.find(pattern) != std::string::npos) return std::string(cause);
  }
  return message.empty() ? "no answer" : message.substr(0, message.find('\n'));
}

bool IsTransportText(const std::string& message) {
  static constexpr std::array<std::string_view, 6> kTexts = {
      "recvmsg:",         "sendmsg:", "Socket closed",
      "Connection reset", "GOAWAY",   "Cancelling all calls"};
  return std::any_of(kTexts.begin(), kTexts.end(), [&](std::string_view text) {
    return message.find(text) != std::string::npos;
  });
}

grpc::Status Unreachable(const std::string& why) {
  return {grpc::StatusCode::UNAVAILABLE, WhyUnreachable(why), kUnreachableMark};
}

}  // namespace

Session::Session(const GlobalOptions& options, Host& host)
    : options_(options),
      host_(host),
      server_(WithPort(options.server)),
      color_(host.out_is_terminal && !options.no_color && host.environment("NO_COLOR").empty() &&
             host.environment("TERM") != "dumb"),
      channel_(MakeChannel(server_)) {}

grpc::Status Session::Connect() {
  const auto patience = std::min<Clock::duration>(
      kConnectPatience, options_.timeout ? Clock::duration(*options_.timeout) : kConnectPatience);
  const auto deadline = Clock::now() + patience;
  for (;;) {
    const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/true);
    // After a failure the call itself fails at once, and says why.
    if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_TRANSIENT_FAILURE) return {};
    if (!channel_->WaitForStateChange(state, deadline)) return Unreachable("");
  }
}

void Session::SetDeadline(grpc::ClientContext& context, Patience patience) const {
  if (options_.timeout) {
    context.set_deadline(Clock::now() + *options_.timeout);
  } else if (patience == Patience::kShort) {
    context.set_deadline(Clock::now() + kShortPatience);
  }
}

grpc::Status Session::Known(const grpc::Status& status, const grpc::ClientContext& context) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return status;
  // What was said by the other side is marked so by gRPC's own account of the error; what became of
  // a connection in the middle of a call is, too, but in the transport's words.
  const bool from_peer =
      context.debug_error_string().find("Error received from peer") != std::string::npos;
  return from_peer && !IsTransportText(status.error_message())
             ? status
             : Unreachable(status.error_message());
}

int Session::Fail(const grpc::Status& status) {
  if (IsUnreachable(status)) {
    WriteError(fmt::format(
        "error: no daemon at {} ({}). Start one with: driftd    or name another with --server "
        "HOST:PORT\n",
        server_, status.error_message()));
    return kExitUnreachable;
  }
  std::string message = HumanMessage(status);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && options_.timeout) {
    message =
        fmt::format("no answer within {} ms; allow more with --timeout", options_.timeout->count());
  } else if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    message = "the daemon did not answer in time; allow more with --timeout";
  } else if (message.empty()) {
    message = fmt::format("the daemon answered with code {} and no words",
                          static_cast<int>(status.error_code()));
  }
  return Fail(ExitCodeOf(status), message);
}

int Session::Fail(int exit_code, std::string_view message) {
  const auto lines = 1 + std::count(message.begin(), message.end(), '\n');
  if (lines == 1) {
    WriteError(fmt::format("error: {}\n", Printable(message)));
    return exit_code;
  }
  std::string text;
  while (!message.empty()) {
    const std::string_view line = message.substr(0, message.find('\n'));
    text += Printable(line) + '\n';
    message.remove_prefix(std::min(message.size(), line.size() + 1));
  }
  WriteError(fmt::format("{}{} errors\n", text, lines));
  return exit_code;
}

void Session::WriteError(std::string_view text) {
  const std::lock_guard lock(err_mu_);
  host_.err << text << std::flush;
}

void Session::Note(std::string_view line) {
  if (!options_.quiet) WriteError(fmt::format("{}\n", line));
}

bool Session::PrintedFor(const google::protobuf::Message& response) {
  switch (options_.output) {
    case Output::kTable:
      return false;
    case Output::kJson:
      PrintJson(host_.out, response);
      return true;
    case Output::kYaml:
      PrintYaml(host_.out, response);
      return true;
    case Output::kCsv:
      PrintCsv(host_.out, response);
      return true;
  }
  return false;
}

size_t Session::width() const {
  return host_.out_is_terminal && host_.width > 0 ? static_cast<size_t>(host_.width) : 0;
}

bool IsUnreachable(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         status.error_details() == kUnreachableMark;
}

std::string HumanMessage(const grpc::Status& status) {
  std::string text = status.error_message();
  while (text.ends_with('\n')) text.pop_back();
  const size_t open = text.rfind(" [");
  if (open == std::string::npos || !text.ends_with(']')) return text;
  const std::string word = text.substr(open + 2, text.size() - open - 3);
  const bool fixed = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isupper(c) || std::isdigit(c) || c == '_';
  });
  return fixed ? text.substr(0, open) : text;
}

int ExitCodeOf(const grpc::Status& status) {
  if (status.ok()) return kExitDone;
  if (IsUnreachable(status)) return kExitUnreachable;
  if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT) return kExitUsage;
  return kExitFailed;
}

}  // namespace drift::client
