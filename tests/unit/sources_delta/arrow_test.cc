// Arrow columns into values and back: every type, null bits, offsets, nesting.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "sources/delta/arrow_rows.h"
#include "sources/delta/arrow_value.h"
#include "sources/delta/decimal_text.h"
#include "tests/unit/sources_delta/delta_test_util.h"

namespace drift::testing {
namespace {

using delta::ArrowRows;
using delta::ArrowType;
using delta::DeltaColumn;
using delta::Int128;

// Arrays written by hand, as another library might hand them over.
struct HandArray {
  HandArray(std::string format, std::vector<HandArray*> children, int64_t length,
            std::vector<std::vector<char>> buffers, int64_t offset = 0, std::string name = "x")
      : format_(std::move(format)), name_(std::move(name)), bytes_(std::move(buffers)) {
    for (const auto& bytes : bytes_) pointers_.push_back(bytes.empty() ? nullptr : bytes.data());
    for (HandArray* child : children) {
      arrays_.push_back(&child->array);
      schemas_.push_back(&child->schema);
    }
    array = {.length = length,
             .null_count = -1,
             .offset = offset,
             .n_buffers = static_cast<int64_t>(pointers_.size()),
             .n_children = static_cast<int64_t>(arrays_.size()),
             .buffers = pointers_.data(),
             .children = arrays_.data()};
    schema = {.format = format_.c_str(),
              .name = name_.c_str(),
              .n_children = static_cast<int64_t>(schemas_.size()),
              .children = schemas_.data()};
  }
  HandArray(const HandArray&) = delete;

  drift::Value At(int64_t row) const {
    const ArrowType type = Value(delta::ParseArrowType(schema));
    return delta::ReadValue(type, array, row);
  }

  ArrowArray array;
  ArrowSchema schema;

 private:
  const std::string format_, name_;
  const std::vector<std::vector<char>> bytes_;
  std::vector<const void*> pointers_;
  std::vector<ArrowArray*> arrays_;
  std::vector<ArrowSchema*> schemas_;
};

template <typename T>
std::vector<char> Bytes(std::initializer_list<T> values) {
  std::vector<char> bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.begin(), bytes.size());
  return bytes;
}

std::vector<char> Text(std::string_view text) {
  return {text.begin(), text.end()};
}

template <typename T>
drift::Value One(const std::string& format, T value) {
  return HandArray(format, {}, 1, {{}, Bytes<T>({value})}).At(0);
}

std::string Json(const HandArray& array, int64_t row) {
  std::string out;
  delta::AppendArrowJson(out, Value(delta::ParseArrowType(array.schema)), array.array, row);
  return out;
}

TEST(ArrowValue, ReadsEveryScalar) {
  EXPECT_EQ(One<int8_t>("c", -128), drift::Value(int64_t{-128}));
  EXPECT_EQ(One<int16_t>("s", -32768), drift::Value(int64_t{-32768}));
  EXPECT_EQ(One<int32_t>("i", -2147483647), drift::Value(int64_t{-2147483647}));
  EXPECT_EQ(One<int64_t>("l", 1LL << 62), drift::Value(int64_t{1} << 62));
  EXPECT_EQ(One<float>("f", 0.1f), drift::Value(0.1f));
  EXPECT_EQ(One<double>("g", 0.1), drift::Value(0.1));
  EXPECT_TRUE(std::isnan(std::get<double>(One<double>("g", std::nan("")))));
  EXPECT_EQ(One<int32_t>("tdD", -1), drift::Value(Date{-1}));
  EXPECT_EQ(One<int64_t>("tsu:UTC", -1), drift::Value(Timestamp{-1, true}));
  EXPECT_EQ(One<int64_t>("tsu:+00:00", 5), drift::Value(Timestamp{5, true}));
  EXPECT_EQ(One<int64_t>("tsu:", 5), drift::Value(Timestamp{5, false}));
  EXPECT_EQ(One<char>("b", 1), drift::Value(true));
  EXPECT_EQ(One<char>("b", 0), drift::Value(false));
  EXPECT_EQ(HandArray("n", {}, 1, {}).At(0), drift::Value());
}

TEST(ArrowValue, TimesOfOtherUnitsAreRoundedDown) {
  EXPECT_EQ(One<int64_t>("tss:UTC", -2), drift::Value(Timestamp{-2'000'000, true}));
  EXPECT_EQ(One<int64_t>("tsm:", -2), drift::Value(Timestamp{-2'000, false}));
  EXPECT_EQ(One<int64_t>("tsn:UTC", 1999), drift::Value(Timestamp{1, true}));
  EXPECT_EQ(One<int64_t>("tsn:UTC", -1), drift::Value(Timestamp{-1, true}));
  EXPECT_EQ(One<int64_t>("tsn:UTC", -1000), drift::Value(Timestamp{-1, true}));
}

TEST(ArrowValue, ReadsTextAndBinaryOfBothSizes) {
  const HandArray small("u", {}, 3, {{}, Bytes<int32_t>({0, 3, 3, 5}), Text("abcde")});
  EXPECT_EQ(small.At(0), drift::Value(std::string("abc")));
  EXPECT_EQ(small.At(1), drift::Value(std::string()));
  EXPECT_EQ(small.At(2), drift::Value(std::string("de")));
  const HandArray large("Z", {}, 1, {{}, Bytes<int64_t>({1, 3}), Text("abcde")});
  EXPECT_EQ(large.At(0), drift::Value(Binary{"bc"}));
  const HandArray empty("z", {}, 1, {{}, Bytes<int32_t>({0, 0}), {}});
  EXPECT_EQ(empty.At(0), drift::Value(Binary{}));
}

TEST(ArrowValue, OffsetsCountForBitsAndValues) {
  // Values 0..9, of which 2, 3 and 9 are null; seen from the third on.
  const HandArray ints(
      "s", {}, 7,
      {{static_cast<char>(0b11110011), 0b01}, Bytes<int16_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9})}, 3);
  EXPECT_EQ(ints.At(0), drift::Value());
  EXPECT_EQ(ints.At(1), drift::Value(int64_t{4}));
  EXPECT_EQ(ints.At(5), drift::Value(int64_t{8}));
  EXPECT_EQ(ints.At(6), drift::Value());
  const HandArray flags("b", {}, 3, {{}, {static_cast<char>(0b10100000), 0b01}}, 6);
  EXPECT_EQ(flags.At(0), drift::Value(false));
  EXPECT_EQ(flags.At(1), drift::Value(true));
  EXPECT_EQ(flags.At(2), drift::Value(true));
}

TEST(ArrowValue, NestedValuesAreJson) {
  HandArray a("i", {}, 4, {{0b1101}, Bytes<int32_t>({1, 0, 3, 4})}, 0, "a");
  HandArray b("u", {}, 4, {{}, Bytes<int32_t>({0, 1, 2, 3, 4}), Text("p\"rs")}, 0, "b\"");
  const HandArray both("+s", {&a, &b}, 2, {{}}, 1);
  EXPECT_EQ(Json(both, 0), R"({"a":null,"b\"":"\""})");
  EXPECT_EQ(both.At(1), drift::Value(drift::Json{R"({"a":3,"b\"":"r"})"}));

  HandArray item("g", {}, 3, {{0b101}, Bytes<double>({1, 2, std::nan("")})});
  const HandArray list("+l", {&item}, 3, {{0b011}, Bytes<int32_t>({0, 2, 3, 3})});
  EXPECT_EQ(Json(list, 0), "[1,null]");
  EXPECT_EQ(Json(list, 1), R"(["NaN"])");
  EXPECT_EQ(list.At(2), drift::Value());
  HandArray same("g", {}, 3, {{0b101}, Bytes<double>({1, 2, 3})});
  const HandArray large("+L", {&same}, 1, {{}, Bytes<int64_t>({0, 3})});
  EXPECT_EQ(Json(large, 0), "[1,null,3]");

  HandArray key("i", {}, 3, {{}, Bytes<int32_t>({7, -1, 0})}, 0, "key");
  HandArray value("d:5,2", {}, 3, {{0b011}, Bytes<Int128>({150, -5, 0})}, 0, "value");
  HandArray entries("+s", {&key, &value}, 3, {{}});
  const HandArray map("+m", {&entries}, 2, {{}, Bytes<int32_t>({0, 2, 3})});
  EXPECT_EQ(Json(map, 0), R"({"7":"1.5","-1":"-0.05"})");
  EXPECT_EQ(Json(map, 1), R"({"0":null})");
}

TEST(ArrowType, RefusesWhatItCannotRead) {
  for (const char* format : {"", "tiM", "w:16", "d:10", "d:10,2,256", "d:10,-1", "d:10,x", "+w:3",
                             "tsx:", "vu", "+us:0,1", "e"}) {
    const HandArray array(format, {}, 1, {{}, Bytes<int64_t>({0, 0})}, 0, "col");
    EXPECT_TRUE(
        Fails(delta::ParseArrowType(array.schema), StatusCode::kUnimplemented, "",
              fmt::format("column 'col': values of Arrow type '{}' cannot be read", format)));
  }
  HandArray child("i", {}, 0, {{}, {}});
  EXPECT_FALSE(delta::ParseArrowType(HandArray("i", {&child}, 0, {{}, {}}).schema).ok());
  EXPECT_FALSE(delta::ParseArrowType(HandArray("+m", {&child}, 0, {{}, {}}).schema).ok());
  EXPECT_FALSE(delta::ParseArrowType(HandArray("+l", {}, 0, {{}, {}}).schema).ok());
}

TEST(DecimalText, IsExactAndCanonical) {
  const auto text = [](const char* unscaled, int scale) {
    Int128 value = 0;
    const bool negative = *unscaled == '-';
    for (const char* c = unscaled + (negative ? 1 : 0); *c != 0; ++c)
      value = value * 10 + (*c - '0');
    return delta::DecimalText(negative ? -value : value, scale);
  };
  EXPECT_EQ(text("0", 0), "0");
  EXPECT_EQ(text("0", 10), "0");
  EXPECT_EQ(text("-0", 2), "0");
  EXPECT_EQ(text("100", 0), "100");
  EXPECT_EQ(text("100", 2), "1");
  EXPECT_EQ(text("-125", 2), "-1.25");
  EXPECT_EQ(text("5", 2), "0.05");
  EXPECT_EQ(text("-50", 3), "-0.05");
  EXPECT_EQ(text("12345678901234567890123456789012345678", 38),
            "0.12345678901234567890123456789012345678");
  EXPECT_EQ(text("99999999999999999999999999999999999999", 0),
            "99999999999999999999999999999999999999");
  const auto smallest = static_cast<Int128>(static_cast<unsigned __int128>(1) << 127);
  EXPECT_EQ(delta::DecimalText(smallest, 0), "-170141183460469231731687303715884105728");
}

TEST(DecimalText, ParsesWhatItWrites) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    Int128 value = static_cast<Int128>(random()) * static_cast<int64_t>(random() >> 5);
    if (i % 3 == 0) value = static_cast<int64_t>(random() % 1000);
    const int scale = static_cast<int>(random() % 39);
    Int128 limit = 1;
    for (int d = 0; d < 38; ++d) limit *= 10;
    value %= limit;
    const std::string text = delta::DecimalText(value, scale);
    const auto parsed = delta::ParseDecimal(text, scale);
    ASSERT_TRUE(parsed.has_value()) << text;
    ASSERT_TRUE(*parsed == value) << text;
  }
  EXPECT_FALSE(delta::ParseDecimal("", 2));
  EXPECT_FALSE(delta::ParseDecimal("-", 2));
  EXPECT_FALSE(delta::ParseDecimal(".5", 2));
  EXPECT_FALSE(delta::ParseDecimal("1.234", 2));
  EXPECT_FALSE(delta::ParseDecimal("1e5", 2));
  EXPECT_FALSE(delta::ParseDecimal("1.2.3", 5));
  EXPECT_FALSE(delta::ParseDecimal("100000000000000000000000000000000000000", 0));
}

const std::vector<DeltaColumn>& AllTypes() {
  static const std::vector<DeltaColumn> columns = {
      {"s", "string"},         {"l", "long"},      {"i", "integer"},       {"h", "short"},
      {"c", "byte"},           {"f", "float"},     {"g", "double"},        {"b", "boolean"},
      {"d", "date"},           {"t", "timestamp"}, {"n", "timestamp_ntz"}, {"z", "binary"},
      {"x", "decimal(38,10)"},
  };
  return columns;
}

Row RandomRow(std::mt19937_64& random) {
  const auto number = [&](int bits) { return static_cast<int64_t>(random()) >> (64 - bits); };
  std::string bytes;
  for (size_t i = random() % 40; i > 0; --i)
    bytes.push_back(static_cast<char>('a' + random() % 26));
  Row row = {bytes,
             number(64),
             number(32),
             number(16),
             number(8),
             static_cast<float>(number(20)) / 8,
             static_cast<double>(number(50)) / 64,
             random() % 2 == 0,
             Date{static_cast<int32_t>(number(20))},
             Timestamp{number(55), true},
             Timestamp{number(55), false},
             Binary{bytes},
             Decimal{delta::DecimalText(number(60), 10)}};
  for (drift::Value& cell : row) {
    if (random() % 5 == 0) cell = {};
  }
  return row;
}

TEST(ArrowRows, WhatIsWrittenIsReadBack) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<Row> rows(random() % 70);
    for (Row& row : rows) row = RandomRow(random);
    const ArrowRows arrow = Value(delta::ToArrow(AllTypes(), rows));
    const ArrowType type = Value(delta::ParseArrowType(arrow.schema.get()));
    ASSERT_EQ(arrow.rows.get().length, static_cast<int64_t>(rows.size()));
    for (size_t row = 0; row < rows.size(); ++row) {
      for (size_t column = 0; column < AllTypes().size(); ++column) {
        ASSERT_EQ(delta::ReadValue(type.children[column], *arrow.rows.get().children[column],
                                   static_cast<int64_t>(row)),
                  rows[row][column])
            << AllTypes()[column].name << " of row " << row;
      }
    }
  }
}

TEST(ArrowRows, RefusesWhatDoesNotFit) {
  const auto refuse = [](const std::string& type, drift::Value value, const std::string& text) {
    const std::vector<DeltaColumn> columns = {{"col", type}};
    const std::vector<Row> rows = {{drift::Value()}, {std::move(value)}};
    EXPECT_TRUE(
        Fails(delta::ToArrow(columns, rows).status(), StatusCode::kInvalidArgument, "", text));
  };
  refuse("byte", int64_t{128}, "row 1, column 'col': the value is no byte, or does not fit");
  refuse("short", int64_t{-32769}, "no short");
  refuse("integer", int64_t{1} << 31, "no integer");
  refuse("long", std::string("7"), "no long");
  refuse("string", int64_t{7}, "no string");
  refuse("double", int64_t{7}, "no double");
  refuse("date", Timestamp{}, "no date");
  refuse("timestamp", Timestamp{0, false}, "no timestamp");
  refuse("timestamp_ntz", Timestamp{0, true}, "no timestamp_ntz");
  refuse("decimal(4,2)", Decimal{"100"}, "no decimal(4,2)");
  refuse("decimal(4,2)", Decimal{"1.234"}, "no decimal(4,2)");
  refuse("array<string>", std::string(), "column 'col': type array<string> cannot be written");
  const std::vector<DeltaColumn> columns = {{"a", "long"}, {"b", "long"}};
  const std::vector<Row> rows = {{int64_t{1}}};
  EXPECT_TRUE(Fails(delta::ToArrow(columns, rows).status(), StatusCode::kInvalidArgument, "",
                    "row 0 has 1 cells for 2 columns"));
}

}  // namespace
}  // namespace drift::testing
