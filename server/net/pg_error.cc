#include "net/pg_error.h"

#include <algorithm>
#include <cctype>
#include <string>

#include "core/reasons.h"

namespace drift {
namespace {

constexpr size_t kSqlStateLength = 5;

struct Rule {
  std::string_view prefix;  // of the SQLSTATE
  StatusCode code;
};

// The first that matches decides, so longer ones stand first.
constexpr Rule kRules[] = {
    {"53100", StatusCode::kResourceExhausted},
    {"53200", StatusCode::kResourceExhausted},
    {"53", StatusCode::kUnavailable},
    {"55P03", StatusCode::kUnavailable},
    {"57014", StatusCode::kDeadlineExceeded},
    {"57P", StatusCode::kUnavailable},
    {"08", StatusCode::kUnavailable},
    {"58", StatusCode::kUnavailable},
    {"40", StatusCode::kAborted},
    {"28", StatusCode::kUnauthenticated},
    {"42501", StatusCode::kPermissionDenied},
    {"3D000", StatusCode::kNotFound},
    {"3F000", StatusCode::kNotFound},
    {"42P01", StatusCode::kNotFound},
    {"42P06", StatusCode::kAlreadyExists},
    {"42P07", StatusCode::kAlreadyExists},
    {"42710", StatusCode::kAlreadyExists},
    {"23505", StatusCode::kAlreadyExists},
    {"22", StatusCode::kInvalidArgument},
    {"54", StatusCode::kInvalidArgument},
    {"XX001", StatusCode::kDataLoss},
    {"XX002", StatusCode::kDataLoss},
    {"23", StatusCode::kFailedPrecondition},
    {"25006", StatusCode::kFailedPrecondition},
    {"42", StatusCode::kFailedPrecondition},
    {"0A", StatusCode::kFailedPrecondition},
    {"P0001", StatusCode::kFailedPrecondition},
};

StatusCode CodeOf(std::string_view sqlstate) {
  for (const Rule& rule : kRules) {
    if (sqlstate.starts_with(rule.prefix)) return rule.code;
  }
  return StatusCode::kInternal;
}

// 'invalid input syntax for type integer: "the text of a row"' → without the part in quotes.
std::string_view WithoutData(std::string_view sqlstate, std::string_view message) {
  if (!sqlstate.starts_with("22")) return message;
  return message.substr(0, message.find(": \""));
}

std::string_view Trim(std::string_view text) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

bool IsSqlState(std::string_view word) {
  return word.size() == kSqlStateLength && std::all_of(word.begin(), word.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

// Cuts "28P01: " out of "FATAL:  28P01: password ..." and returns it. Verbose messages carry it
// between the severity, which the server may have translated, and the words.
std::string CutSqlState(std::string& line) {
  for (size_t at = line.find(":  "); at != std::string::npos; at = line.find(":  ", at + 1)) {
    const std::string word = line.substr(at + 3, kSqlStateLength);
    if (!IsSqlState(word) || line.compare(at + 3 + kSqlStateLength, 2, ": ") != 0) continue;
    line.erase(at + 3, kSqlStateLength + 2);
    return word;
  }
  return {};
}

}  // namespace

Status PgError(std::string_view name, std::string_view sqlstate, std::string_view message) {
  const StatusCode code = CodeOf(sqlstate);
  const std::string_view words = Trim(WithoutData(sqlstate, message));
  const Status status = sqlstate.empty()
                            ? Error(code, "{}: {}", name, words)
                            : Error(code, "{}: {} (SQLSTATE {})", name, words, sqlstate);
  return sqlstate == "53100" ? WithReason(status, reason::kDiskFull) : status;
}

Status PgConnectError(std::string_view name, std::string_view text) {
  // One line per address tried, and a LOCATION line after what the server said.
  std::string words;
  std::string sqlstate;
  while (!text.empty()) {
    std::string line(Trim(text.substr(0, text.find('\n'))));
    text.remove_prefix(std::min(text.size(), text.find('\n') == std::string_view::npos
                                                 ? text.size()
                                                 : text.find('\n') + 1));
    if (line.empty() || line.starts_with("LOCATION:")) continue;
    std::string found = CutSqlState(line);
    if (!found.empty()) sqlstate = std::move(found);
    if (!words.empty()) words += "; ";
    words += line;
  }
  if (!sqlstate.empty()) return PgError(name, sqlstate, words);
  return Unavailable("{}: {}", name, words);
}

}  // namespace drift
