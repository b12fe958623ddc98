#include "graph/order.h"

#include <algorithm>

namespace fovea {

std::vector<Node> order(const std::vector<Value>& values, const std::vector<Node>& nodes,
                        const std::vector<ValueId>& outputs) {
  std::vector<bool> needed_value(values.size(), false);
  for (ValueId output : outputs) needed_value[values[output].base] = true;

  std::vector<bool> needed(nodes.size(), false);
  for (size_t n = nodes.size(); n-- > 0;) {
    for (ValueId made : nodes[n].outputs)
      needed[n] = needed[n] || needed_value[made] || values[made].state != nullptr;
    if (!needed[n]) continue;
    for (ValueId input : nodes[n].inputs)
      if (input != kNoValue) needed_value[values[input].base] = true;
  }

  std::vector<Node> result;
  for (size_t n = 0; n < nodes.size(); ++n)
    if (needed[n]) result.push_back(nodes[n]);
  return result;
}

}  // namespace fovea
