#include "core/check.h"

#include <sstream>

namespace fovea {

void MessagePart::write_text(std::ostream& out, const void* text) { out << static_cast<const char*>(text); }

std::string join(std::initializer_list<MessagePart> parts) {
  std::ostringstream out;
  for (const MessagePart& part : parts) part.write(out);
  return out.str();
}

void fail_with(ErrorCode code, std::initializer_list<MessagePart> parts) { throw Error(join(parts), code); }

}  // namespace fovea
