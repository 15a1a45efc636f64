/** What @peculiar/x509 needs before it is loaded (world/reflect.ts). */
import '../world/reflect.ts'
