#include "tests/support/delta_ops.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/json_text.h"
#include "net/json.h"

namespace drift::testing {
namespace {

constexpr std::string_view kPortWord = "port ";

StatusOr<int> Connect(int port) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return file;
  close(file);
  return Internal("connecting to delta_ops.py at port {}", port);
}

}  // namespace

StatusOr<std::unique_ptr<DeltaOps>> DeltaOps::Start() {
  ASSIGN_OR_RETURN(auto process,
                   Process::Spawn({.args = {"tests/support/delta_ops.sh", "--serve"}}));
  std::string output;
  do {  // the line may be there in parts
    RETURN_IF_ERROR(process->WaitForOutput(std::string(kPortWord)));
    output = process->Output();
  } while (output.find('\n', output.find(kPortWord)) == std::string::npos);
  ASSIGN_OR_RETURN(const int file,
                   Connect(std::atoi(&output[output.find(kPortWord) + kPortWord.size()])));
  return std::unique_ptr<DeltaOps>(new DeltaOps(std::move(process), file));
}

DeltaOps& DeltaOps::Shared() {
  static DeltaOps& shared = [&]() -> DeltaOps& {
    auto started = Start();
    if (!started.ok()) {
      std::fprintf(stderr, "delta_ops.py: %s\n", std::string(Message(started.status())).c_str());
      std::abort();
    }
    static std::unique_ptr<DeltaOps> ops = *std::move(started);
    return *ops;
  }();
  return shared;
}

DeltaOps::~DeltaOps() {
  close(socket_);
}

StatusOr<std::string> DeltaOps::ReadLine() {
  for (;;) {
    if (const size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    char buffer[1 << 14];
    const ssize_t count = read(socket_, buffer, sizeof(buffer));
    if (count <= 0) return Internal("delta_ops.py ended: {}", process_->Output());
    unread_.append(buffer, static_cast<size_t>(count));
  }
}

StatusOr<std::string> DeltaOps::Run(std::string_view members, const std::string& table) {
  std::string line = "{\"table\":";
  AppendJsonString(line, table);
  line += fmt::format(",{}}}", members);
  std::replace(line.begin(), line.end(), '\n', ' ');  // a line is a command
  line.push_back('\n');
  for (size_t sent = 0; sent < line.size();) {
    const ssize_t count = send(socket_, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return Internal("delta_ops.py ended: {}", process_->Output());
    sent += static_cast<size_t>(count);
  }
  ASSIGN_OR_RETURN(std::string answer, ReadLine());
  ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(answer));
  const std::string_view error = document.root().FindString("error");
  if (!error.empty()) return Internal("{}: {}", table, error);
  return answer;
}

int64_t DeltaOps::Must(std::string_view members, const std::string& table) {
  const auto version = [&]() -> StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const std::string answer, Run(members, table));
    ASSIGN_OR_RETURN(const JsonDocument document, JsonDocument::Parse(answer));
    return document.root().GetInt("version");
  }();
  if (version.ok()) return *version;
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(members.size()), members.data(),
               std::string(Message(version.status())).c_str());
  std::abort();
}

}  // namespace drift::testing
