// The daemon's log: a sentence, then key=value. Never text of a row, vectors or secrets.
//   WARN: nothing lost. ERROR: someone must act. Per row nothing, per batch debug, start, stop and
//   state changes info.
#pragma once

#include <fmt/core.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace drift {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  template <typename T>
  LogField(std::string_view key, const T& value)
      : key(key),
        value(fmt::format("{}", value)),
        is_number(std::is_arithmetic_v<T> && !std::is_same_v<T, char>) {}

  std::string_view key;
  std::string value;
  bool is_number;
};

// Writes to stderr. Call before threads start, or to change the level later.
void SetUpLog(LogLevel level, LogFormat format);
bool ParseLogLevel(std::string_view word, LogLevel& level);

void Log(LogLevel level, std::string_view sentence, std::initializer_list<LogField> fields = {});

inline void LogDebug(std::string_view sentence, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kDebug, sentence, fields);
}
inline void LogInfo(std::string_view sentence, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, sentence, fields);
}
inline void LogWarn(std::string_view sentence, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, sentence, fields);
}
inline void LogError(std::string_view sentence, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, sentence, fields);
}

}  // namespace drift
