export {
  RestController,
  RequestMapping,
  GetMapping,
  PostMapping,
  PutMapping,
  DeleteMapping,
  PatchMapping,
  PathVariable,
  RequestParam,
  RequestHeader,
  RequestBody,
  ResponseStatus,
  type HttpMethod,
  type RequestMappingOptions,
  type RequestValueOptions,
} from './annotations.js';
export { ResponseStatusException } from './status.js';
export { streambindModule, localServerPort } from './module.js';
