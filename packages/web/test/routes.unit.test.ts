import { describe, expect, test } from '@jest/globals';
import { Component } from '@streambind/core';
import { recordOf } from '@streambind/core/internal';
import {
  GetMapping,
  PathVariable,
  PostMapping,
  RequestBody,
  RequestHeader,
  RequestMapping,
  RequestParam,
  ResponseStatus,
  RestController,
} from '../src/index.js';
import { routesOf } from '../src/routes.js';

const routes = (...types: (new () => object)[]): readonly string[] =>
  routesOf(types.map((type) => ({ type, instance: new type() }))).map(
    ({ method, path, at }) => `${method ?? '*'} ${path.text} ${at}`,
  );

describe('the table of routes', () => {
  test('paths of class and method are joined, the more specific route comes first', () => {
    @RestController('/users')
    class Users {
      @RequestMapping('/**') rest(): void {}
      @GetMapping('/{id}') one(@PathVariable() _id: string): void {}
      @GetMapping('/me') me(): void {}
      @GetMapping() all(): void {}
      @RequestMapping({ path: ['/a', '/b'], method: ['PUT', 'PATCH'] }) several(): void {}
    }
    expect(routes(Users)).toEqual([
      'GET /users/me Users.me',
      'PUT /users/a Users.several',
      'PATCH /users/a Users.several',
      'PUT /users/b Users.several',
      'PATCH /users/b Users.several',
      'GET /users Users.all',
      'GET /users/{id} Users.one',
      '* /users/** Users.rest',
    ]);
  });

  test('@RequestMapping on a class gives path and method to those of its methods that have none', () => {
    @RestController()
    @RequestMapping({ path: '/api', method: 'POST' })
    class Api {
      @RequestMapping('/a') a(): void {}
      @GetMapping('/b') b(): void {}
    }
    expect(routes(Api)).toEqual(['POST /api/a Api.a', 'GET /api/b Api.b']);
  });

  test('mappings are inherited, and replaced where the derived class maps the method again', () => {
    abstract class Base {
      @GetMapping('/one') one(@RequestParam('a') _a: string): void {}
      @GetMapping('/two') two(): void {}
    }
    @RestController()
    class Derived extends Base {
      override one(): void {}
      @PostMapping('/second') override two(): void {}
    }
    expect(routes(Derived)).toEqual(['POST /second Derived.two', 'GET /one Derived.one']);
  });

  test('a controller is a component, declared in the file of the user', () => {
    @RestController('/x')
    class Some {}
    const record = recordOf(Some)!;
    expect(record.annotations).toContainEqual({ kind: 'Component', on: 'class', value: undefined });
    expect(record.file).toBe(import.meta.filename);
  });

  test('two methods for one path are refused and both named, whatever their variables are called', () => {
    @RestController('/a')
    class One {
      @GetMapping('/{id}') get(@PathVariable('id') _id: string): void {}
    }
    @RestController()
    class Two {
      @GetMapping('/a/{name}/') read(@PathVariable('name') _name: string): void {}
    }
    expect(() => routes(One, Two)).toThrow(
      expect.objectContaining({
        code: 'WEB_ROUTE',
        message: expect.stringContaining('One.get and Two.read both serve GET /a/{name}') as unknown,
      }),
    );
  });

  test('one method may have several mappings', () => {
    @RestController()
    class Both {
      @GetMapping('/a') @PostMapping('/b') a(): void {}
    }
    expect(routes(Both).toSorted()).toEqual(['GET /a Both.a', 'POST /b Both.a']);
  });

  test('a path that cannot be read is named with its method', () => {
    @RestController()
    class Bad {
      @GetMapping('/{id') get(): void {}
    }
    expect(() => routes(Bad)).toThrow(
      expect.objectContaining({ code: 'WEB_ROUTE', message: expect.stringMatching(/\/\{id.*Bad\.get/s) as unknown }),
    );
  });

  class Unreadable {}
  @RestController()
  class Undecorated {
    @GetMapping('/a') a(_what: string): void {}
  }
  @RestController()
  class Twice {
    @GetMapping('/a') a(@RequestBody() @RequestParam('a') _what: string): void {}
  }
  @RestController()
  class NoSuchVariable {
    @GetMapping('/{id}') a(@PathVariable('no') _id: string): void {}
  }
  @RestController()
  class WhichVariable {
    @GetMapping('/{a}/{b}') a(@PathVariable() _id: string): void {}
  }
  @RestController()
  class WrongType {
    @GetMapping('/a') a(@RequestHeader('x') _x: Unreadable): void {}
  }
  @RestController()
  class BadDefault {
    @GetMapping('/a') a(@RequestParam({ name: 'n', defaultValue: 'many' }) _n: number): void {}
  }
  @RestController()
  class BadStatus {
    @ResponseStatus(100) @GetMapping('/a') a(): void {}
  }
  @RestController()
  class Static {
    @GetMapping('/a') static a(): void {}
  }
  @Component()
  class NoController {
    @GetMapping('/a') a(): void {}
  }
  test.each([
    [Undecorated, 'nothing says what it takes'],
    [Twice, 'several decorators say what it takes'],
    [NoSuchVariable, 'has no variable no'],
    [WhichVariable, 'has 2 variables'],
    [WrongType, 'a text cannot become a Unreadable'],
    [BadDefault, 'The parameter n is not a number'],
    [BadStatus, '100 is no status'],
    [Static, 'is no method of an instance'],
    [NoController, 'is no controller'],
  ])('%p is refused: %s', (type, reason) => {
    expect(() => routes(type)).toThrow(
      expect.objectContaining({ code: 'DECORATOR_MISUSE', message: expect.stringContaining(reason) as unknown }),
    );
  });
});
