// HDF5 does not free everything after it met a damaged file; that is not a leak of ours. Tests that we close what we
// open are in model_file_test.cpp.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libhdf5";
}
