// A convolution, and each of its gradients, as one product of a matrix with places of an image:
//   y[r, c] = sum_k a[r, k] image[place of k + place of c], zero beyond the edges of the image
// Both k and c count places as (z, y, x): x and y in steps of pixels, z in elements of the image's memory.
//                rows r    columns c        k                a        image
//   forward      outputs   (b, oy, ox)      (input, i, j)    weight   x
//   of x         inputs    (b, y, x)        (output, i, j)   weight   dy    taps backwards
//   of weight    outputs   (input, i, j)    (b, oy, ox)      dy       x     in parts of the batch
#include "common/host.h"
#ifndef FOVEA_CONV2D
#define FOVEA_CONV2D

struct Conv2dAxis {
  uint extent;  // in x, in y: lower and upper half of a word
  uint step;    // pixels from one to the next: halves as well
  uint z;       // elements of the image
};

struct Conv2dParams {
  uint m;  // of a group
  uint n;
  uint k;
  uint size;   // of the image: width, height as halves
  uint start;  // of place 0: x, y as signed halves
  Conv2dAxis column;
  Conv2dAxis tap;  // k
  uint a_row;      // strides of a: of r, and of k's x and z; in y it follows x without gaps
  uint a_x;        // 1 or -1
  uint a_z;
  uint y_row;  // of y: of r, and of c's z; x and y follow without gaps
  uint y_z;
  uint groups;       // neighbours in m: a workgroup's z counts groups, then parts
  uint image_group;  // elements from group to group
  uint a_group;
  uint a_first;  // of a group's first element
  uint part;     // of k, a whole number of z; y of one part follows that of another
};

#endif
