/** The typed client of /api/v1. Every failure is an ApiError with words to show. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    title: string,
    readonly errors: Record<string, string> = {},
    readonly body: Record<string, unknown> = {},
  ) {
    super(title);
  }
}

let csrfToken = '';
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

let onSignedOut = (): void => undefined;
/** Called when the daemon says that nobody is signed in any more. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}
export const signedOut = (): void => onSignedOut();

export type Query = Record<string, string | number | undefined | null>;

export function address(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  const text = search.toString();
  return `/api/v1${path}${text ? `?${text}` : ''}`;
}

async function problemOf(response: Response): Promise<ApiError> {
  let body: Record<string, unknown> = {};
  const text = await response.text();
  if ((response.headers.get('content-type') ?? '').includes('json') && text)
    body = JSON.parse(text) as Record<string, unknown>;
  return new ApiError(
    response.status,
    String(body.code ?? ''),
    String(body.title ?? `服务器返回错误 ${response.status}`),
    (body.errors ?? {}) as Record<string, string>,
    body,
  );
}

async function send<T>(method: string, path: string, query?: Query, body?: unknown, version?: number): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['X-CSRF-Token'] = csrfToken;
  if (version !== undefined) headers['If-Match'] = `"${version}"`;
  let response: Response;
  try {
    response = await fetch(address(path, query), {
      method,
      headers,
      credentials: 'same-origin',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, 'network', '连接不到服务器，请检查网络');
  }
  if (!response.ok) {
    const problem = await problemOf(response);
    if (response.status === 401 && path !== '/sessions' && path !== '/me') onSignedOut();
    throw problem;
  }
  if (response.status === 204) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const api = {
  get: <T>(path: string, query?: Query): Promise<T> => send<T>('GET', path, query),
  post: <T>(path: string, body: unknown = {}, version?: number): Promise<T> => send<T>('POST', path, undefined, body, version),
  put: <T>(path: string, body: unknown, version?: number): Promise<T> =>
    send<T>('PUT', path, undefined, body, version),
  remove: <T>(path: string, version?: number): Promise<T> => send<T>('DELETE', path, undefined, undefined, version),
};

/** A file as the body, as its bytes are. */
export async function upload<T>(path: string, query: Query, file: File, type: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address(path, query), { method: 'POST', headers: { 'Content-Type': type, 'X-CSRF-Token': csrfToken }, credentials: 'same-origin', body: file });
  } catch {
    throw new ApiError(0, 'network', '连接不到服务器，请检查网络');
  }
  if (response.ok) return (await response.json()) as T;
  const problem = await problemOf(response);
  if (response.status === 401) onSignedOut();
  throw problem;
}

/** Sends a sound (a file as it is) or words to be spoken; the answer as it came. */
export async function sendSound(method: 'PUT' | 'POST', path: string, query: Query, body: Blob | object): Promise<Response> {
  const brought = body instanceof Blob;
  const type = brought ? (/mpeg|mp3/.test(body.type) ? 'audio/mpeg' : 'audio/wav') : 'application/json';
  const response = await fetch(address(path, query), {
    method, credentials: 'same-origin', headers: { 'Content-Type': type, 'X-CSRF-Token': csrfToken }, body: brought ? body : JSON.stringify(body),
  }).catch(() => { throw new ApiError(0, 'network', '连接不到服务器，请检查网络'); });
  if (response.ok) return response;
  if (response.status === 401) onSignedOut();
  throw await problemOf(response);
}

/** Words for any failure, for a line of text on the page. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a list or a card could not be read; what the database will give again is not an error of whoever asked. */
export function whyUnread(error: unknown, later = '恢复后再查'): string {
  return error instanceof ApiError && error.status === 503 ? `数据库暂不可用，${later}` : wordsOf(error);
}

export function errorsOf(error: unknown): Record<string, string> {
  return error instanceof ApiError ? error.errors : {};
}
