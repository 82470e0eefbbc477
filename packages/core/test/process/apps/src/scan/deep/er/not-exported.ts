import { Component, PostConstruct } from '@streambind/core';

@Component()
// oxlint-disable-next-line no-unused-vars -- the scan finds it
class NotExported {
  @PostConstruct()
  tell(): void {
    console.log(NotExported.name);
  }
}
