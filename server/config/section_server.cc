// server, ledger, log, catalogue.
#include <charconv>

#include "config/pipeline.h"
#include "config/sections.h"

namespace drift::config_internal {
namespace {

constexpr int32_t kLongestGraceSecs = 3600;

void ReadListen(const YamlValue& value, std::string& out) {
  std::string address;
  if (!value.Read(address)) return;
  const Status status = CheckListenAddress(address);
  if (!status.ok()) return value.Problem(Message(status));
  out = address;
}

void ReadCatalogueFile(const YamlValue& value, const ConfigChecks& checks, std::string& out) {
  std::string path;
  if (!value.Read(path)) return;
  if (!path.starts_with('/')) {
    return value.Problem(fmt::format("must be an absolute path, not {}", value.Shown()));
  }
  const Status readable = checks.check_file ? checks.check_file(path) : OkStatus();
  if (!readable.ok()) return value.Problem(Message(readable));
  out = path;
}

bool IsFixedPort(std::string_view address) {
  return !address.ends_with(":0");
}

}  // namespace

Status CheckListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const std::string_view host = text.substr(0, colon);
  const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  const bool host_is_fine =
      !host.empty() && (bracketed || host.find_first_of(":/[] ") == host.npos);
  if (!host_is_fine || digits.empty() || parsed.ec != std::errc() ||
      parsed.ptr != digits.data() + digits.size()) {
    return InvalidArgument("'{}' is not HOST:PORT, e.g. 127.0.0.1:7433", text);
  }
  return OkStatus();
}

Status CheckLedgerUrl(const std::string& url, const ConfigChecks& checks) {
  RETURN_IF_ERROR(CheckNoPlainSecrets(url));
  return checks.check_ledger_url ? checks.check_ledger_url(url) : OkStatus();
}

void ReadServer(const YamlValue& value, ServerConfig& server) {
  YamlMap map = value.Map();
  ReadListen(map["grpc_listen"], server.grpc_listen);
  ReadListen(map["http_listen"], server.http_listen);
  map["shutdown_grace_secs"].Read(server.shutdown_grace_secs, 0, kLongestGraceSecs);
  if (server.grpc_listen == server.http_listen && IsFixedPort(server.grpc_listen)) {
    map["http_listen"].Problem("is the address of grpc_listen; each needs its own port");
  }
  map.RefuseOthers();
}

void ReadLedger(const YamlValue& value, const ConfigChecks& checks, LedgerConfig& ledger) {
  YamlMap map = value.Map();
  const YamlValue url = map["url"];
  std::string text;
  if (url.Read(text)) {
    const Status status = CheckLedgerUrl(text, checks);
    if (!status.ok()) url.Problem(Message(status));
    ledger.url = text;
  }
  map.RefuseOthers();
}

void ReadLog(const YamlValue& value, LogConfig& log) {
  YamlMap map = value.Map();
  map["level"].ReadWord(log.level, {{"debug", LogLevel::kDebug},
                                    {"info", LogLevel::kInfo},
                                    {"warn", LogLevel::kWarn},
                                    {"error", LogLevel::kError}});
  map["format"].ReadWord(log.format, {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});
  map.RefuseOthers();
}

void ReadCatalogue(const YamlValue& value, const ConfigChecks& checks, CatalogueConfig& catalogue) {
  YamlMap map = value.Map();
  ReadCatalogueFile(map["models"], checks, catalogue.models);
  ReadCatalogueFile(map["prices"], checks, catalogue.prices);
  map.RefuseOthers();
}

}  // namespace drift::config_internal
