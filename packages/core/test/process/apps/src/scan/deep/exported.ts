import { PostConstruct, Service } from '@streambind/core';

@Service()
export class Exported {
  @PostConstruct()
  tell(): void {
    console.log(Exported.name);
  }
}
