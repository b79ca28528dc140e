// Why a pipeline pauses, as fixed words: Reason(status) of the error, in logs and in messages. The
// remedies people see are composed in pipeline/remedy.cc.
#pragma once

#include <string_view>

namespace drift::reason {

// Source.
inline constexpr std::string_view kTableNotFound = "TABLE_NOT_FOUND";
inline constexpr std::string_view kTableRecreated = "TABLE_RECREATED";  // versions started again
inline constexpr std::string_view kTableRestored = "TABLE_PUT_BACK";  // from a backup, or rewritten
inline constexpr std::string_view kHistoryGone = "HISTORY_GONE";      // vacuumed, or log cleaned
inline constexpr std::string_view kFeedOff = "CHANGE_FEED_OFF";
inline constexpr std::string_view kColumnMissing = "COLUMN_MISSING";  // dropped or renamed
inline constexpr std::string_view kKeyTypeChanged = "KEY_TYPE_CHANGED";
inline constexpr std::string_view kUnsupportedTable = "UNSUPPORTED_TABLE";
inline constexpr std::string_view kTableCorrupt = "TABLE_CORRUPT";
inline constexpr std::string_view kDuplicateKey = "DUPLICATE_KEY";

// Configuration.
inline constexpr std::string_view kConfigChanged = "CONFIG_CHANGED";
inline constexpr std::string_view kModelChanged = "MODEL_CHANGED";

// Provider.
inline constexpr std::string_view kUnauthenticated = "UNAUTHENTICATED";
inline constexpr std::string_view kQuotaExhausted = "QUOTA_EXHAUSTED";
inline constexpr std::string_view kModelNotFound = "MODEL_NOT_FOUND";
inline constexpr std::string_view kModelNotInstalled = "MODEL_NOT_INSTALLED";
inline constexpr std::string_view kBadAnswer = "BAD_ANSWER";  // 200 with a wrong body
inline constexpr std::string_view kBudgetExhausted = "BUDGET_EXHAUSTED";
inline constexpr std::string_view kFallbackInUse = "FALLBACK_IN_USE";  // pauses nothing
inline constexpr std::string_view kBudgetAlert = "BUDGET_ALERT";  // pauses nothing: a soft limit

// Sink.
inline constexpr std::string_view kIndexLost = "INDEX_LOST";
inline constexpr std::string_view kCollectionDiffers =
    "COLLECTION_DIFFERS";  // model, dimension, metric
inline constexpr std::string_view kDiskFull = "DISK_FULL";

// Rows.
inline constexpr std::string_view kTooManyDeadLetters = "TOO_MANY_DEAD_LETTERS";

// By a person.
inline constexpr std::string_view kPausedByUser = "PAUSED_BY_USER";

}  // namespace drift::reason
