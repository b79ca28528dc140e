#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

#include "base/json_text.h"

namespace drift {
namespace {

std::atomic<LogFormat> g_format{LogFormat::kText};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

spdlog::logger& Logger() {
  static auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("drift",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
    made->flush_on(spdlog::level::debug);
    return made;
  }();
  return *logger;
}

bool NeedsQuotes(std::string_view value) {
  return value.empty() || value.find_first_of(" \"\\\n\t=") != std::string_view::npos;
}

void AppendText(std::string& line, const LogField& field) {
  line.push_back(' ');
  line += field.key;
  line.push_back('=');
  if (NeedsQuotes(field.value)) {
    AppendJsonString(line, field.value);
  } else {
    line += field.value;
  }
}

void AppendJson(std::string& line, const LogField& field) {
  line.push_back(',');
  AppendJsonString(line, field.key);
  line.push_back(':');
  if (field.is_number) {
    line += field.value;
  } else {
    AppendJsonString(line, field.value);
  }
}

}  // namespace

void SetUpLog(LogLevel level, LogFormat format) {
  g_format = format;
  Logger().set_level(ToSpdlog(level));
  if (format == LogFormat::kJson) {
    Logger().set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})",
                         spdlog::pattern_time_type::utc);
  } else {
    Logger().set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %L %v", spdlog::pattern_time_type::utc);
  }
}

bool ParseLogLevel(std::string_view word, LogLevel& level) {
  if (word == "debug")
    level = LogLevel::kDebug;
  else if (word == "info")
    level = LogLevel::kInfo;
  else if (word == "warn")
    level = LogLevel::kWarn;
  else if (word == "error")
    level = LogLevel::kError;
  else
    return false;
  return true;
}

void Log(LogLevel level, std::string_view sentence, std::initializer_list<LogField> fields) {
  if (!Logger().should_log(ToSpdlog(level))) return;
  std::string line;
  if (g_format == LogFormat::kJson) {
    line = "\"message\":";
    AppendJsonString(line, sentence);
    for (const LogField& field : fields) AppendJson(line, field);
  } else {
    line = sentence;
    for (const LogField& field : fields) AppendText(line, field);
  }
  Logger().log(ToSpdlog(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace drift
