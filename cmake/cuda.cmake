# The CUDA plugin, matomari_cuda.so beside the addon. Its compiler: CUDACXX, else nvcc on the PATH, else the one that
# `npm run setup:cuda` has put into .cuda. Without any the addon is built all the same.
if(NOT CMAKE_CUDA_COMPILER)
  unset(CMAKE_CUDA_COMPILER CACHE)  # else check_language remembers that there was none
endif()
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
  find_program(MATOMARI_NVCC nvcc)
  if(NOT MATOMARI_NVCC)
    file(GLOB MATOMARI_NVCC_FOUND ${CMAKE_CURRENT_SOURCE_DIR}/.cuda/lib/python3*/site-packages/nvidia/cu*/bin/nvcc)
    if(MATOMARI_NVCC_FOUND)
      list(GET MATOMARI_NVCC_FOUND 0 MATOMARI_NVCC_FOUND)
      set(ENV{CUDACXX} ${MATOMARI_NVCC_FOUND})
    endif()
  endif()
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(STATUS "CUDA plugin: left out, no CUDA compiler was found (set CUDACXX, or run `npm run setup:cuda`)")
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  # Machine code for A100 and H100, and what a driver can compile for anything later.
  set(CMAKE_CUDA_ARCHITECTURES "80-real;90a-real;80-virtual")
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # a CMake that does not know this compiler
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()
message(STATUS "CUDA plugin: ${CMAKE_CUDA_COMPILER}, for ${CMAKE_CUDA_ARCHITECTURES}")

file(GLOB MATOMARI_CUDA_SOURCES CONFIGURE_DEPENDS native/cuda/*.cu)
# Compiled once, for the plugin and for its benchmark.
add_library(matomari_cuda_objects OBJECT ${MATOMARI_CUDA_SOURCES})
set_target_properties(matomari_cuda_objects PROPERTIES CUDA_VISIBILITY_PRESET hidden)
target_include_directories(matomari_cuda_objects PRIVATE native)
add_library(matomari_cuda MODULE $<TARGET_OBJECTS:matomari_cuda_objects>)
set_target_properties(matomari_cuda PROPERTIES PREFIX "" SUFFIX ".so" LINKER_LANGUAGE CUDA CUDA_RUNTIME_LIBRARY Static)
set(MATOMARI_CUDA_TARGETS matomari_cuda_objects)
if(MATOMARI_TESTS)
  # scripts/bench-gpu.sh
  add_executable(matomari_cuda_bench bench/cuda/bench.cu $<TARGET_OBJECTS:matomari_cuda_objects>)
  set_target_properties(matomari_cuda_bench PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  target_link_libraries(matomari_cuda_bench PRIVATE matomari_core)
  list(APPEND MATOMARI_CUDA_TARGETS matomari_cuda_bench)
endif()
foreach(target ${MATOMARI_CUDA_TARGETS})
  # No contraction, on either side: the arithmetic shared with the CPU must round as it does there. nvcc takes the unused
  # conversion of a view of constants for a mistake (554).
  target_compile_options(${target} PRIVATE --fmad=false --expt-relaxed-constexpr -diag-suppress=554
    -Xcompiler=-ffp-contract=off -Xcompiler=-Wall,-Wextra)
  if(MATOMARI_WERROR)
    target_compile_options(${target} PRIVATE -Werror=all-warnings -Xcompiler=-Werror)
  endif()
endforeach()
target_link_options(matomari_cuda PRIVATE -static-libstdc++ -static-libgcc -Wl,--exclude-libs,ALL
  -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/matomari_cuda.map)
set_target_properties(matomari_cuda PROPERTIES LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/matomari_cuda.map)
