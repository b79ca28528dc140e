file(READ ${INPUT} text)
file(WRITE ${OUTPUT}
"#include <string_view>

namespace drift {
extern const std::string_view ${NAME};
const std::string_view ${NAME} = R\"~~~~(${text})~~~~\";
}  // namespace drift
")
