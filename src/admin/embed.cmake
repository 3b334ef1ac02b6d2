# SPDX-License-Identifier: Apache-2.0
# Writes a C file that holds other files: cmake -D OUT=FILE.c -D "FILES=a;b" -P embed.cmake.  See assets_int.h for what it fills.
cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")

set(bytes "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE ".*\\." "" ending ${name})
  if(NOT DEFINED type_${ending})
    message(FATAL_ERROR "${file}: embed.cmake knows no type for .${ending}")
  endif()
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  file(SHA256 ${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(APPEND bytes "static const unsigned char bytes_${index}[] = {${hex}};\n")
  string(APPEND rows "    {SPAN_INIT(\"${name}\"), SPAN_INIT(\"${type_${ending}}\"), SPAN_INIT(\"\\\"${hash}\\\"\"),\n"
    "     {(const char *)bytes_${index}, sizeof bytes_${index}}},\n")
  math(EXPR index "${index} + 1")
endforeach()

file(WRITE ${OUT}.new "/* Written by embed.cmake. */\n#include \"assets_int.h\"\n\n${bytes}\n"
  "const struct asset assets_list[] = {\n${rows}};\nconst size_t assets_count = COUNT_OF(assets_list);\n")
file(RENAME ${OUT}.new ${OUT})
