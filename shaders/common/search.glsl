// What the steps of a search share beside search.h.

// What the workgroup's lanes wrote so far, all of them see from here on.
void settle() {
  memoryBarrierBuffer();
  barrier();
}
