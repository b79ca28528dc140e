// What the ledger keeps.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "core/spec.h"
#include "core/types.h"

namespace drift {

// Money is counted in integers: 1 USD = 1e9 nano-dollars.
using NanoUsd = int64_t;

// ---- pipelines and targets
// ------------------------------------------------------------------------

enum class PipelineOrigin : uint8_t { kConfig, kApi, kFlags };

// Why a pipeline does not run by itself. Empty `reason`: it does.
struct PauseState {
  std::string reason;   // core/reasons.h
  std::string message;  // what happened, one sentence
  std::string remedy;   // what to do, one sentence
  WallTime since;
};

struct PipelineRecord {
  PipelineSpec spec;
  PipelineOrigin origin = PipelineOrigin::kApi;
  PauseState pause;
  bool deleted = false;  // kept: its revision must never go down
  WallTime created_at;
};

// The id of no target: of a pipeline that has never run.
inline constexpr int64_t kNoTarget = 0;

// Where a pipeline's points go, and how far it is. One per (pipeline, model, dimensions, sink).
struct TargetKey {
  std::string pipeline;
  std::string model;        // provider/name
  std::string fingerprint;  // ModelInfo::fingerprint
  int32_t dimensions = 0;
  std::string sink;  // URI without secrets
  bool operator==(const TargetKey&) const = default;
};

struct Target {
  int64_t id = kNoTarget;  // of this ledger
  TargetKey key;
  int32_t revision = 0;     // 0: never contacted the collection
  std::string config_hash;  // ContentConfigHash() of the spec the rows were embedded with
  PipelineSpec config;      // that spec, to say what changed
  std::optional<Cursor> cursor;
  int64_t version = -1;      // table version the cursor stands at, for people; -1: none
  int64_t rows = 0;          // live rows of the table that are known, with or without points
  int64_t points = 0;        // live points
  int64_t dead_letters = 0;  // open ones
  bool sweep_due = false;    // points of a lower revision may be in the sink
  bool index_due = false;    // BuildIndex() has not succeeded since the last bulk load
};

// ---- row states
// -----------------------------------------------------------------------------------

// First 16 bytes of SHA-256 over all a row contributes: its text and its payload.
using ContentHash = std::array<uint8_t, 16>;

// One point of a row: what provenance shows.
struct ChunkState {
  Sha256Digest text_sha256{};
  int32_t chars = 0;   // Unicode code points of the text
  int32_t tokens = 0;  // billed for this text; 0 when the vector was reused
  bool tokens_estimated = false;
  NanoUsd cost = 0;
  bool operator==(const ChunkState&) const = default;
};

struct RowState {
  std::string key;  // canonical
  ContentHash content{};
  Guard guard;                     // of the change that made this state
  bool dead = false;               // has an open dead letter and no points
  std::vector<ChunkState> chunks;  // one per point; empty: the row has no text, or is dead
};

// A key whose points may be in the sink without the row state saying so.
struct StagedKey {
  std::string key;
  int32_t chunks = 0;  // the larger of before and after
  Guard guard;
};

struct RowHead {
  std::string key;
  int32_t chunks = 0;
  Guard guard;
};

// The end of a row's points. A state with fewer chunks than the one before is the end of the last
// ones: the ledger notes that by itself.
struct RowDeletion {
  std::string key;
  Guard guard;  // version that deleted the row, or made it shorter
  int32_t points_removed = 0;
};

// A live point that holds the vector of a text.
struct TextMatch {
  Sha256Digest text_sha256{};
  int64_t target_id = 0;
  Uuid point_id;
};

// ---- runs
// -----------------------------------------------------------------------------------------

enum class RunMode : uint8_t { kEmbed, kWatch, kMigrate, kReplay, kErase };
enum class RunState : uint8_t { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
std::string_view ToString(RunMode mode);    // "EMBED", ...
std::string_view ToString(RunState state);  // "QUEUED", ...
bool ParseRunMode(std::string_view word, RunMode& mode);
bool ParseRunState(std::string_view word, RunState& state);
inline bool IsFinal(RunState state) {
  return state >= RunState::kSucceeded;
}

struct RunCounters {
  int64_t rows_read = 0;
  int64_t rows_inserted = 0;
  int64_t rows_updated = 0;
  int64_t rows_deleted = 0;
  int64_t rows_unchanged = 0;
  int64_t texts_embedded = 0;
  int64_t texts_reused = 0;
  int64_t points_written = 0;
  int64_t points_deleted = 0;
  int64_t dead_letters = 0;
  int64_t provider_requests = 0;
  int64_t tokens = 0;
  bool tokens_estimated = false;
  NanoUsd cost = 0;

  RunCounters& operator+=(const RunCounters& more);
};

struct RunRecord {
  std::string id;          // ULID
  std::string request_id;  // of the caller; the same id gives the same run. May be empty
  std::string pipeline;
  RunMode mode = RunMode::kEmbed;
  RunState state = RunState::kQueued;
  std::string source;  // table address without secrets
  std::string sink;    // URI without secrets
  std::string model;
  bool scheduled = false;     // by the daemon itself, not asked for
  int32_t attempts = 0;       // times it was begun; more than one after a crash
  std::string selection;      // of a replay: which dead letters (JSON)
  int64_t from_version = -1;  // the cursor before; -1: none
  int64_t to_version = -1;    // the cursor so far
  RunCounters counters;
  WallTime queued_at;
  std::optional<WallTime> started_at;
  std::optional<WallTime> ended_at;
  std::string error;         // one line; empty unless kFailed
  std::string error_reason;  // core/reasons.h, may be empty
};

struct RunFilter {
  std::string pipeline;  // empty: all
  std::vector<RunState> states;
  int32_t limit = 100;
  std::string before_id;  // page: runs older than this id
};

// ---- money
// ----------------------------------------------------------------------------------------

enum class RequestState : uint8_t {
  kOpen,     // intent written, no outcome yet
  kDone,     // answered and billed
  kFailed,   // answered, not billed
  kUnknown,  // sent, outcome unknown: counted at the estimate
};

// Where the token figure of a request comes from; from the weakest to the best.
enum class TokenSource : uint8_t {
  kEstimate,   // by length, corrected by earlier bills; and all that is open or unknown
  kTokenizer,  // counted here, with the model's own tokenizer
  kProvider,   // the provider said what it billed
};

struct RequestRecord {
  int64_t id = 0;      // given by the ledger
  std::string run_id;  // empty for a search
  std::string pipeline;
  std::string provider;
  std::string model;  // provider/name
  InputKind kind = InputKind::kDocument;
  RequestState state = RequestState::kOpen;
  int64_t requests = 1;  // more than one only for free models, which are summed up
  int64_t texts = 0;
  int64_t tokens = 0;  // the estimate while kOpen or kUnknown, then what was billed
  bool tokens_estimated = false;
  NanoUsd cost = 0;  // of `tokens`
  WallTime started_at;
  std::optional<WallTime> ended_at;
  TokenSource token_source = TokenSource::kEstimate;
  // What an estimate by length alone made of the texts, where `tokens` is the provider's word and
  // no tokenizer counts them; else 0. What Ledger::LatestBills() is made from.
  int64_t guessed_tokens = 0;
};

// One answer to learn from: what was estimated, by length alone, and what was billed.
struct BilledGuess {
  int64_t guessed_tokens = 0;
  int64_t billed_tokens = 0;
  bool operator==(const BilledGuess&) const = default;
};

struct RequestOutcome {
  int64_t id = 0;
  RequestState state = RequestState::kDone;
  int64_t tokens = 0;
  bool tokens_estimated = false;
  NanoUsd cost = 0;
  WallTime ended_at;
  TokenSource token_source = TokenSource::kEstimate;
  int64_t guessed_tokens = 0;
};

enum class CostGroup : uint8_t { kModel, kPipeline, kProvider, kDay, kRun };

struct CostFilter {
  CostGroup by = CostGroup::kModel;
  std::optional<WallTime> since;  // inclusive, by start of the request
  std::optional<WallTime> until;  // exclusive
  std::string pipeline;           // empty: all
  std::string provider;           // empty: all
  int32_t limit = 1000;
  std::string after_key;  // page: groups with a larger key
};

struct CostRow {
  std::string key;
  int64_t runs = 0;
  int64_t requests = 0;
  int64_t texts = 0;
  int64_t tokens = 0;
  bool tokens_estimated = false;  // some of them
  NanoUsd cost = 0;
  // `tokens` by TokenSource. What they do not add up to is of requests that were noted before the
  // ledger said where its tokens came from.
  int64_t tokens_by_provider = 0;
  int64_t tokens_by_tokenizer = 0;
  int64_t tokens_by_estimate = 0;
};

// ---- lineage
// --------------------------------------------------------------------------------------

struct ProvenanceRecord {
  Uuid point_id;
  std::string pipeline;
  std::string source;  // table address
  std::string key;
  int32_t chunk = 0;
  int32_t chunks = 0;  // of the row
  int64_t table_version = 0;
  int32_t revision = 0;
  std::string run_id;  // that last wrote the point
  std::string model;
  int32_t dimensions = 0;
  ChunkState text;
  WallTime written_at;
  bool deleted = false;
  // Of a deleted one:
  WallTime deleted_at;
  std::string deleted_run_id;
  int64_t deleted_version = 0;
  int32_t points_removed = 0;
};

struct ProvenanceFilter {
  std::string pipeline;
  std::vector<std::string> keys;  // any of these canonical keys; empty: all
  std::optional<Uuid> point_id;
  int32_t limit = 100;
  std::string page_token;
};

struct ProvenancePage {
  std::vector<ProvenanceRecord> records;  // live ones first
  std::string next_page_token;            // empty: the end
};

// ---- dead letters
// ---------------------------------------------------------------------------------

// One per (target, key, chunk), so that a row that fails again counts up; rows whose key has a NULL
// in it have no identity and count by their text_sha256 too.
struct DeadLetter {
  int64_t id = 0;  // given by the ledger
  std::string pipeline;
  std::string key;  // canonical; has a null where a key column is NULL
  int32_t chunk = 0;
  std::string
      reason;  // a fixed word: TEXT_TOO_LONG, NULL_KEY, REJECTED_BY_PROVIDER, REJECTED_BY_SINK
  std::string message;  // never the text itself
  Sha256Digest text_sha256{};
  int64_t version = 0;  // of the change
  int32_t attempts = 1;
  WallTime first_at;
  WallTime last_at;
};

struct DeadLetterFilter {
  std::string pipeline;           // empty: all
  std::string reason;             // empty: all
  std::vector<std::string> keys;  // empty: all
  std::vector<int64_t> ids;       // empty: all
  int32_t limit = 100;
  int64_t after_id = 0;  // page
};

// ---- one transaction
// ------------------------------------------------------------------------------

// What one batch did, after the sink said durable.
struct CommitBatch {
  int64_t target_id = 0;
  std::string run_id;
  WallTime now;
  std::vector<RowState> upserts;
  std::vector<RowDeletion> deletions;
  std::vector<DeadLetter> dead_letters;      // opened, or seen again (attempts go up)
  std::vector<std::string> closed_letters;   // keys whose open letters are settled
  std::vector<RequestRecord> free_requests;  // of free models: no intent was written
  std::optional<int64_t> closes_stage;
  // The end of a window, or a place in a snapshot from which it may go on.
  std::optional<Cursor> cursor;
  std::optional<int64_t> version;       // with `cursor`, at the end of a window
  bool closes_orphaned_stages = false;  // at the end of a window that has covered them
  RunCounters counters;                 // of the whole run so far
};

}  // namespace drift
