# The distribution's libraries (scripts/setup.sh lists their packages). Found here once; each is linked where it is
# confined to.
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
find_package(Eigen3 REQUIRED NO_MODULE)

find_package(DNNL 2.6 MODULE REQUIRED)
