#include "common/host.h"
#include "search.h"

struct NextLogProbsParams {
  uint vocab;
  uint min_length;     // steps before eos may come
  uint behind_prompt;  // min_length begins behind the prompt
  uint ngram;          // no n-gram comes twice; 0: they may
  uint suppressed;     // how many sequences of tokens never come
  uint longest;        // tokens of each, kNoToken in front of shorter ones
  uint forced_eos;     // the last step gives eos
  float repetition;    // Keskar et al. 2019, section 4.1; 1: none
  SearchParams search;
};
